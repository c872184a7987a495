-- A row for every activity: what an area reports of its classes, seminars and conferences, and each single one that was
-- held. Attendances (lượt người) count visits and persons count people: the two are never added up.
SELECT
    area_code,
    coalesce(area_short_name(area_level, area_code, area_date), area_name) AS area_name,
    area_level,
    'as_reported' AS map,
    period_year(period) AS year,
    CAST(NULL AS BIGINT) AS week_year,
    measure AS activity,
    span, as_at, sessions, sessions_precision,
    CASE WHEN subject_scope = 'attendance' THEN numerator END AS attendances,
    CASE WHEN subject_scope = 'attendance' THEN numerator_precision END AS attendances_precision,
    CASE WHEN subject_scope = 'person' THEN numerator END AS persons,
    CASE WHEN subject_scope = 'person' THEN numerator_precision END AS persons_precision,
    source, stated_on, recorded
FROM statement
WHERE chosen AND fact = 'activity'
UNION ALL
SELECT
    held.area_code,
    coalesce(area_short_name(held.area_level, held.area_code, held.area_date), held.area_name) AS area_name,
    held.area_level,
    'as_reported' AS map,
    partial_year(held.occurred_on) AS year,
    CAST(held.week_year AS BIGINT) AS week_year,
    held.activity,
    'once' AS span,
    held.occurred_on AS as_at,
    -- An event that does not say how often is one occasion.
    coalesce(held.sessions, 1) AS sessions,
    CASE WHEN held.sessions IS NULL THEN 'exact' ELSE held.sessions_precision END AS sessions_precision,
    held.attendances, held.attendances_precision, held.persons, held.persons_precision,
    held.source, held.stated_on, held.recorded
FROM ledger_activity AS held
LEFT JOIN fate_activity AS fate ON fate.event_id = held.event_id
WHERE held.activity IS NOT NULL AND fate.fate IS NULL
