-- A row for every area, year and title or activity of which single events are known: how many subjects the individual
-- decisions name at each stage, how often single occasions were held and how many came. A statement of the same is
-- another kind of fact, and the two are never added up.
WITH
step AS (
    SELECT
        ledger.*,
        area_key(ledger.area_level, ledger.area_code, ledger.area_date, ledger.area_name) AS area_key,
        CASE ledger.step
            WHEN 'registered' THEN 'registered'
            WHEN 'rated' THEN 'assessed'
            WHEN 'recognised' THEN 'recognised'
            WHEN 'upgraded' THEN 'recognised'
        END AS stage
    FROM ledger_recognition AS ledger
    LEFT JOIN fate_recognition AS fate ON fate.event_id = ledger.event_id
    WHERE ledger.step IS NOT NULL AND fate.fate IS NULL
),
-- A title that was taken away in the year it was given for is not counted, whichever area says so.
revoked AS (
    SELECT DISTINCT ledger.model, ledger.year, ledger.subject_token
    FROM everywhere_recognition AS ledger
    LEFT JOIN fate_recognition AS fate ON fate.event_id = ledger.event_id
    WHERE ledger.step = 'revoked' AND ledger.subject_token IS NOT NULL AND fate.fate IS NULL
),
-- Subjects are counted once by title, year and decision, however often the decision was sent.
subject AS (
    SELECT
        step.area_key, step.model, step.year, step.stage, step.subject_token, step.decision_number,
        step.decision_issuer,
        min(step.area_level) AS area_level, min(step.area_code) AS area_code, max(step.area_date) AS area_date,
        min(step.area_name) AS area_name, max(step.recorded) AS recorded, min(step.recorded) AS first_recorded
    FROM step
    LEFT JOIN revoked
        ON step.stage = 'recognised'
        AND revoked.model = step.model
        AND revoked.year = step.year
        AND revoked.subject_token = step.subject_token
    WHERE step.stage IS NOT NULL AND step.subject_token IS NOT NULL AND revoked.subject_token IS NULL
    GROUP BY
        step.area_key, step.model, step.year, step.stage, step.subject_token, step.decision_number,
        step.decision_issuer
),
-- Of a decision that gives only the number of its subjects.
listed AS (
    SELECT
        area_key, model, year, stage, decision_number, decision_issuer,
        min(area_level) AS area_level, min(area_code) AS area_code, max(area_date) AS area_date,
        min(area_name) AS area_name, max(subjects) AS subjects, max(recorded) AS recorded,
        min(recorded) AS first_recorded
    FROM step
    WHERE stage IS NOT NULL AND subject_token IS NULL AND subjects IS NOT NULL
    GROUP BY area_key, model, year, stage, decision_number, decision_issuer
),
named AS (
    SELECT DISTINCT area_key, model, year, stage, decision_number, decision_issuer
    FROM subject
),
part AS (
    SELECT
        area_key, model, year, stage, count(*) AS subjects,
        min(area_level) AS area_level, min(area_code) AS area_code, max(area_date) AS area_date,
        min(area_name) AS area_name, max(recorded) AS recorded, min(first_recorded) AS first_recorded
    FROM subject
    GROUP BY area_key, model, year, stage
    UNION ALL
    SELECT
        listed.area_key, listed.model, listed.year, listed.stage, listed.subjects,
        listed.area_level, listed.area_code, listed.area_date, listed.area_name, listed.recorded, listed.first_recorded
    FROM listed
    LEFT JOIN named
        ON named.area_key = listed.area_key
        AND named.model = listed.model
        AND named.year = listed.year
        AND named.stage = listed.stage
        -- The engine reads what follows DISTINCT FROM as far as it goes, so it stands in brackets.
        AND (named.decision_number IS NOT DISTINCT FROM listed.decision_number)
        AND (named.decision_issuer IS NOT DISTINCT FROM listed.decision_issuer)
    WHERE named.model IS NULL
),
held AS (
    SELECT
        ledger.*,
        area_key(ledger.area_level, ledger.area_code, ledger.area_date, ledger.area_name) AS area_key,
        partial_year(ledger.occurred_on) AS year
    FROM ledger_activity AS ledger
    LEFT JOIN fate_activity AS fate ON fate.event_id = ledger.event_id
    WHERE ledger.activity IS NOT NULL AND fate.fate IS NULL
)
SELECT
    min(area_level) AS area_level, min(area_code) AS area_code, max(area_date) AS area_date,
    min(area_name) AS area_name,
    'actual' AS fact, model AS measure, stage, title_scope(model) AS subject_scope, CAST(year AS BIGINT) AS year,
    'stock' AS span, 'all' AS base, CAST(sum(subjects) AS BIGINT) AS numerator, CAST(NULL AS BIGINT) AS sessions,
    max(recorded) AS recorded, min(first_recorded) AS first_recorded
FROM part
GROUP BY area_key, model, year, stage
UNION ALL
SELECT
    min(area_level), min(area_code), max(area_date), min(area_name),
    'activity', activity, CAST(NULL AS VARCHAR), 'attendance', year,
    'flow', 'unknown', CAST(sum(attendances) AS BIGINT),
    -- An event that does not say how often is one occasion.
    CAST(sum(coalesce(sessions, 1)) AS BIGINT),
    max(recorded), min(recorded)
FROM held
GROUP BY area_key, activity, year
