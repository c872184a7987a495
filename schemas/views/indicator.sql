-- A row for every area, year, indicator, subject scope and base: the figure that was reached beside the target in force,
-- and a row for each deadline that has only a target. Figures stand on the map on which they were reported.
WITH
figure AS (
    SELECT
        *,
        area_key(area_level, area_code, area_date, area_name) AS area_key,
        period_year(period) AS year,
        indicator_id(measure, stage) AS indicator,
        coalesce(base, 'unknown') AS known_base,
        -- Of the figures themselves and never a mean of rates; null where the source gives no denominator.
        100.0 * CAST(numerator AS DOUBLE) / CAST(denominator AS DOUBLE) AS rate,
        percent_low(printed_percent) AS low,
        percent_high(printed_percent) AS high
    FROM statement
    WHERE chosen AND fact = 'actual'
),
aim AS (
    SELECT
        *,
        area_key(area_level, area_code, area_date, area_name) AS area_key,
        period_year(period) AS deadline,
        indicator_id(measure, stage) AS indicator,
        -- A target that states no base is read as a share of all, and its rows say so.
        CASE WHEN coalesce(base, 'unknown') = 'unknown' THEN 'all' ELSE base END AS read_base,
        coalesce(base, 'unknown') = 'unknown' AS base_was_read,
        -- Of a range or a bound, the end at which the target is reached.
        coalesce(percent_low(printed_percent), percent_high(printed_percent)) AS target
    FROM statement
    WHERE chosen AND fact = 'target'
),
-- The targets that speak of a figure: of its own scope, or of one that its scope answers. Units in communes are most of
-- all units, so their target is shown beside all units, and said to be; no group of workers answers for all citizens.
answered AS (
    SELECT
        figure.event_id AS figure_event,
        aim.target, aim.deadline, aim.area_level AS origin, aim.plan, aim.read_base, aim.base_was_read,
        CASE WHEN aim.subject_scope IS DISTINCT FROM figure.subject_scope THEN aim.subject_scope END AS other_scope,
        row_number() OVER (
            PARTITION BY figure.event_id
            -- Nearest deadline first, the figure's own scope before another, its own base before one read so.
            ORDER BY
                aim.deadline, aim.subject_scope IS DISTINCT FROM figure.subject_scope,
                aim.read_base <> figure.known_base
        ) AS nearness
    FROM figure
    JOIN aim
        ON aim.area_key = figure.area_key
        AND aim.indicator = figure.indicator
        AND aim.deadline >= figure.year
    -- The engine reads what follows DISTINCT FROM as far as it goes, so it stands in brackets.
    WHERE
        (
            (aim.subject_scope IS NOT DISTINCT FROM figure.subject_scope)
            OR (aim.subject_scope = 'unit_in_commune' AND figure.subject_scope = 'unit')
        )
        AND (aim.read_base = figure.known_base OR (aim.read_base = 'all' AND figure.known_base = 'unknown'))
),
reached AS (
    SELECT
        figure.*,
        answered.target, answered.deadline, answered.origin, answered.plan AS target_plan, answered.other_scope,
        answered.base_was_read,
        answered.target IS NOT NULL AND answered.read_base = figure.known_base AS comparable
    FROM figure
    LEFT JOIN answered ON answered.figure_event = figure.event_id AND answered.nearness = 1
),
-- Deadlines for which nothing has been reported yet.
ahead AS (
    SELECT aim.*
    FROM aim
    WHERE NOT EXISTS (
        SELECT 1
        FROM figure
        WHERE
            figure.area_key = aim.area_key
            AND figure.indicator = aim.indicator
            AND figure.year = aim.deadline
            AND figure.known_base = aim.read_base
            AND coalesce(figure.subject_scope, '') = coalesce(aim.subject_scope, '')
    )
)
SELECT
    area_code,
    coalesce(area_short_name(area_level, area_code, area_date), area_name) AS area_name,
    area_level,
    area_valid_from(area_level, area_code, area_date) AS area_from,
    area_parent(area_level, area_code, area_date) AS parent_code,
    'as_reported' AS map,
    year, indicator, subject_scope,
    known_base AS base,
    span, as_at, numerator, numerator_precision, denominator,
    rate AS rate_percent,
    printed_percent,
    low AS percent_low,
    high AS percent_high,
    'stated' AS derivation,
    CAST(NULL AS DOUBLE) AS coverage_percent,
    nullif(concat_ws(
        '; ',
        CASE WHEN numerator IS NULL THEN 'no count is given, so no rate is computed' END,
        CASE WHEN numerator IS NOT NULL AND denominator IS NULL THEN
            'no denominator is given, so no rate is computed'
        END,
        CASE WHEN target IS NOT NULL AND base_was_read THEN
            'the target states no base and is read as a share of all'
        END,
        CASE WHEN target IS NOT NULL AND NOT comparable THEN 'base unknown, so no gap to a target of all' END,
        'the target is of ' || other_scope
    ), '') AS reason,
    target AS target_percent,
    deadline AS target_year,
    origin AS target_origin,
    CASE WHEN comparable THEN coalesce(rate, CASE WHEN low = high THEN low END) - target END AS gap_points,
    coalesce(target_plan, plan) AS plan,
    source, stated_on, recorded
FROM reached
UNION ALL
SELECT
    area_code,
    coalesce(area_short_name(area_level, area_code, area_date), area_name) AS area_name,
    area_level,
    area_valid_from(area_level, area_code, area_date) AS area_from,
    area_parent(area_level, area_code, area_date) AS parent_code,
    'as_reported' AS map,
    deadline AS year, indicator, subject_scope,
    read_base AS base,
    -- The figures are those to be reached, so the columns of what was reached are empty.
    CAST(NULL AS VARCHAR) AS span,
    CAST(NULL AS VARCHAR) AS as_at,
    CAST(NULL AS BIGINT) AS numerator,
    CAST(NULL AS VARCHAR) AS numerator_precision,
    CAST(NULL AS BIGINT) AS denominator,
    CAST(NULL AS DOUBLE) AS rate_percent,
    CAST(NULL AS VARCHAR) AS printed_percent,
    CAST(NULL AS DOUBLE) AS percent_low,
    CAST(NULL AS DOUBLE) AS percent_high,
    'target' AS derivation,
    CAST(NULL AS DOUBLE) AS coverage_percent,
    nullif(concat_ws(
        '; ',
        'only a target: nothing is reported yet',
        CASE WHEN base_was_read THEN 'the target states no base and is read as a share of all' END
    ), '') AS reason,
    target AS target_percent,
    deadline AS target_year,
    area_level AS target_origin,
    CAST(NULL AS DOUBLE) AS gap_points,
    plan, source, stated_on, recorded
FROM ahead
