-- What single decisions and single occasions add up to (decision 6): subjects are distinct by title, token, decision,
-- issuer and year; a title taken away within its year is not counted; a decision that lists a number of subjects counts
-- by that number where none of its subjects is known by itself.
CREATE OR REPLACE TABLE decided AS
SELECT
    ledger.*, seen.place, home.id AS area,
    CASE WHEN area_code IS NULL THEN ['name', area_level, area_name]
        ELSE ['code', area_level, area_code, coalesce(series.series::VARCHAR, area_date::VARCHAR)] END AS whose,
    CASE step WHEN 'registered' THEN 'registered' WHEN 'rated' THEN 'assessed'
        WHEN 'recognised' THEN 'recognised' WHEN 'upgraded' THEN 'recognised' END AS stage
FROM ledger_recognition AS ledger
JOIN seen ON seen.family = 'recognition' AND seen.event_id = ledger.event_id AND seen.stands
LEFT JOIN area AS home
    ON (home.level, home.code) = (ledger.area_level, ledger.area_code) AND home.map = map_on(ledger.area_date)
LEFT JOIN series ON series.area = home.id
WHERE step IS NOT NULL;

CREATE OR REPLACE TABLE counted AS
WITH taken_away AS (
    SELECT DISTINCT model, year, subject_token FROM decided WHERE step = 'revoked' AND subject_token IS NOT NULL
),
named AS (
    SELECT * FROM decided WHERE stage IN ('registered', 'assessed') AND subject_token IS NOT NULL
    UNION ALL
    SELECT * FROM decided ANTI JOIN taken_away USING (model, year, subject_token)
    WHERE stage = 'recognised' AND subject_token IS NOT NULL
),
decision AS (
    SELECT
        whose, model, year, stage, decision_number, decision_issuer,
        count(DISTINCT subject_token) AS by_name, NULL AS by_number,
        max(area_date) AS area_date, max(recorded) AS recorded, min(recorded) AS first_recorded,
        min(area_level) AS area_level, min(area_code) AS area_code, min(area_name) AS area_name
    FROM named GROUP BY ALL
    UNION ALL
    SELECT
        whose, model, year, stage, decision_number, decision_issuer, 0, max(subjects), max(area_date), max(recorded),
        min(recorded), min(area_level), min(area_code), min(area_name)
    FROM decided AS listed
    WHERE stage IS NOT NULL AND subject_token IS NULL AND subjects IS NOT NULL AND NOT EXISTS (
        FROM named
        WHERE (named.whose, named.model, named.year, named.stage)
            = (listed.whose, listed.model, listed.year, listed.stage)
            AND named.decision_number IS NOT DISTINCT FROM listed.decision_number
            AND named.decision_issuer IS NOT DISTINCT FROM listed.decision_issuer
    )
    GROUP BY ALL
)
SELECT
    min(area_level) AS area_level, min(area_code) AS area_code, max(area_date) AS area_date,
    min(area_name) AS area_name, 'actual' AS fact, model AS measure, stage,
    (SELECT scope FROM measure_scope WHERE measure = model AND place = 0) AS subject_scope,
    year::BIGINT AS year, 'stock' AS span, 'all' AS base,
    sum(CASE WHEN by_name > 0 THEN by_name ELSE by_number END)::BIGINT AS numerator,
    NULL::BIGINT AS sessions, max(recorded) AS recorded, min(first_recorded) AS first_recorded
FROM decision
GROUP BY whose, model, stage, year
UNION ALL
SELECT
    min(area_level), min(area_code), max(area_date), min(area_name), 'activity', activity, NULL, 'attendance',
    left(occurred_on, 4)::BIGINT AS year, 'flow', 'unknown', sum(attendances)::BIGINT,
    sum(coalesce(sessions, 1))::BIGINT, max(recorded), min(recorded)
FROM held
GROUP BY CASE WHEN area_code IS NULL THEN ['name', area_level, area_name]
    ELSE ['code', area_level, area_code, coalesce(series::VARCHAR, area_date::VARCHAR)] END, activity, year;
