-- Classes, seminars and conferences: what areas report of them, and each single one. Visits and people stay apart.
CREATE OR REPLACE TABLE held AS
SELECT ledger.*, home.id AS area, series.series
FROM ledger_activity AS ledger
JOIN seen ON seen.family = 'activity' AND seen.event_id = ledger.event_id AND seen.stands
LEFT JOIN area AS home
    ON (home.level, home.code) = (ledger.area_level, ledger.area_code) AND home.map = map_on(ledger.area_date)
LEFT JOIN series ON series.area = home.id
WHERE activity IS NOT NULL;

CREATE OR REPLACE VIEW activity AS
WITH both_kinds AS (
    SELECT
        area, area_code, area_name, area_level, year, NULL::BIGINT AS week_year, measure AS activity, span, as_at,
        sessions, sessions_precision,
        CASE subject_scope WHEN 'attendance' THEN numerator END AS attendances,
        CASE subject_scope WHEN 'attendance' THEN numerator_precision END AS attendances_precision,
        CASE subject_scope WHEN 'person' THEN numerator END AS persons,
        CASE subject_scope WHEN 'person' THEN numerator_precision END AS persons_precision,
        source, stated_on, recorded
    FROM chosen WHERE fact = 'activity'
    UNION ALL
    SELECT
        area, area_code, area_name, area_level, left(occurred_on, 4)::BIGINT, week_year, activity, 'once', occurred_on,
        coalesce(sessions, 1), CASE WHEN sessions IS NULL THEN 'exact' ELSE sessions_precision END,
        attendances, attendances_precision, persons, persons_precision, source, stated_on, recorded
    FROM held
)
SELECT
    both_kinds.area_code, coalesce(home.short_name, both_kinds.area_name) AS area_name, area_level,
    'as_reported' AS map, year, week_year, activity, span, as_at, sessions, sessions_precision, attendances,
    attendances_precision, persons, persons_precision, source, stated_on, recorded
FROM both_kinds LEFT JOIN area AS home ON home.id = both_kinds.area;
