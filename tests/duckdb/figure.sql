-- What answers are made of: figures that were chosen or counted, and targets that somebody set.

CREATE OR REPLACE TABLE figure AS
WITH
-- When the first word of an area, year and indicator came, whatever of it was corrected since: what was taken back was
-- never said.
first_told AS (
    SELECT whose, fact, year, thing, min(recorded) AS first_recorded
    FROM said WHERE stands OR fate = 'corrected' GROUP BY ALL
),
basis AS (
    SELECT
        false AS counted, event_id, area, area_level, area_name, fact, measure, thing, subject_scope, year, as_at, span,
        known_base AS base, numerator, numerator_precision, denominator, sessions, sessions_precision, printed_percent,
        plan, source, stated_on, recorded, first_recorded
    FROM chosen LEFT JOIN first_told USING (whose, fact, year, thing)
    UNION ALL BY NAME
    SELECT
        true AS counted, home.id AS area, area_level, area_name, fact, measure,
        indicator_of(measure, stage) AS thing, subject_scope, year, span, base, numerator,
        'exact' AS numerator_precision, sessions, 'exact' AS sessions_precision, recorded, first_recorded
    FROM counted
    LEFT JOIN (SELECT id, map, level, code FROM area) AS home
        ON (home.level, home.code) = (area_level, area_code) AND home.map = map_on(area_date)
),
told AS (
    SELECT *, false AS is_size FROM basis WHERE fact = 'actual'
    UNION ALL
    -- The size of a base is one, whoever it is counted of.
    SELECT * REPLACE (measure AS thing, NULL AS subject_scope, 'unknown' AS base), true
    FROM basis WHERE fact = 'denominator' AND measure IN (SELECT measure FROM base_measure)
    UNION ALL
    -- Of an activity each number is a figure of its own, where the catalogue tells it.
    SELECT
        basis.* REPLACE (
            cat.id AS thing,
            CASE cat.counts WHEN 'sessions' THEN NULL ELSE subject_scope END AS subject_scope,
            coalesce(cat.first_base, 'unknown') AS base,
            CASE cat.counts WHEN 'sessions' THEN sessions ELSE numerator END AS numerator,
            CASE cat.counts WHEN 'sessions' THEN sessions_precision ELSE numerator_precision END AS numerator_precision,
            NULL AS denominator, NULL AS printed_percent
        ),
        false
    FROM basis JOIN indicator_entry AS cat USING (measure)
    WHERE fact = 'activity' AND CASE cat.counts
        WHEN 'sessions' THEN sessions IS NOT NULL
        WHEN 'attendances' THEN subject_scope = 'attendance' AND numerator IS NOT NULL
        WHEN 'persons' THEN subject_scope = 'person' AND numerator IS NOT NULL
        ELSE false
    END
)
SELECT
    row_number() OVER () AS id, told.*, series.series,
    percent_from(printed_percent) AS low, percent_to(printed_percent) AS high
FROM told LEFT JOIN series USING (area);

-- A target is on its way from the first year of its plan, where an event says it, else from when it was stated.
CREATE OR REPLACE TABLE aim AS
WITH
issued AS (
    SELECT
        unnest([body ->> '$.number', subject]) AS plan, (body ->> '$.from_year')::BIGINT AS from_year, seen.place,
        series.series
    FROM ledger_reference AS ledger
    JOIN seen ON seen.family = 'reference' AND seen.event_id = ledger.event_id AND seen.stands
    LEFT JOIN area AS home ON (home.level, home.code) = (area_level, area_code) AND home.map = map_on(area_date)
    LEFT JOIN series ON series.area = home.id
    WHERE kind = 'plan_issued'
),
set_by AS (
    SELECT
        false AS shipped, area, thing, subject_scope AS scope,
        CASE known_base WHEN 'unknown' THEN 'all' ELSE known_base END AS base, year AS deadline,
        -- Of a range or a bound the end at which it is reached.
        coalesce(percent_from(printed_percent), percent_to(printed_percent)) AS percent,
        plan, NULL AS class, source, stated_on, recorded, year(ends(stated_on)) AS stated_year
    FROM chosen WHERE fact = 'target'
    UNION ALL
    SELECT
        true, area.id, indicator_of(measure, stage), subject_scope, 'all', period::BIGINT, printed_percent::DOUBLE,
        plan, class, source, stated_on, NULL, left(stated_on, 4)::BIGINT
    FROM csv_national_target AS target, setting, area
    WHERE (stated_by IS NULL OR ends(stated_on) <= stated_by)
        AND (area.level, area.code) = (area_level, target.area_code) AND area.map = map_on(ends(stated_on))
)
SELECT
    row_number() OVER (ORDER BY shipped) AS id, set_by.*,
    coalesce((
        SELECT max_by(from_year, place) FROM issued
        WHERE issued.plan = set_by.plan AND coalesce(issued.series = series.series, true)
    ), stated_year) AS from_year
FROM set_by LEFT JOIN series ON series.area = set_by.area;
