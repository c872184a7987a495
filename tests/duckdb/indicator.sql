-- One row for an area, year, indicator, scope and base (decisions 7 and 8).

CREATE OR REPLACE TABLE indicator AS
WITH
valued AS (
    SELECT
        value.area, value.word, value.year, value.thing, value.scope, value.base, value.cell, value.view, value.span,
        figure.as_at, value.numerator, value.precision, value.denominator,
        CASE
            WHEN value.numerator IS NOT NULL AND value.denominator > 0 AND coalesce(cat.unit, 'percent') <> 'count'
                AND (value.own IS NOT NULL OR 100 * value.coverage >= coalesce(cat.min_coverage_percent, 0) - 1e-9)
            THEN 100.0 * value.numerator / value.denominator
        END AS rate,
        figure.printed_percent, figure.low, figure.high,
        CASE
            WHEN value.own IS NOT NULL AND NOT value.counted THEN 'stated'
            WHEN value.estimated THEN 'estimated' WHEN value.counted THEN 'counted' ELSE 'summed'
        END AS derivation,
        CASE WHEN value.own IS NULL THEN 100 * value.coverage END AS coverage_percent,
        figure.plan, figure.source, figure.stated_on, value.recorded
    FROM value
    LEFT JOIN figure ON figure.id = value.own
    LEFT JOIN indicator_entry AS cat ON cat.id = value.thing
    WHERE NOT as_reported OR own IS NOT NULL
    UNION ALL BY NAME
    SELECT missing.area, word, year, thing, scope, base, cell, view
    FROM missing JOIN cell USING (cell) WHERE NOT is_size
),
measured AS (
    SELECT
        valued.* REPLACE (coalesce(target.plan, valued.plan) AS plan),
        target.percent AS target_percent, target.deadline AS target_year, target.origin, target.from_year,
        CASE WHEN same_base THEN coalesce(rate, CASE WHEN low = high THEN low END) - target.percent END AS gap
    FROM valued LEFT JOIN target USING (cell, area)
),
-- A deadline for which nothing is reported of the area on any map has a row for its target.
lone AS (
    SELECT DISTINCT force.area, force.view, sheet.word, goal.*, force.aim
    FROM plan
    JOIN goal USING (goal)
    JOIN place ON place.area = plan.area AND place.share IN ('same', 'whole')
    JOIN sheet ON sheet.view = place.view
    JOIN in_force_here AS force ON (force.view, force.area, force.goal) = (place.view, place.here, goal.goal)
    LEFT JOIN aim ON aim.id = force.aim
    JOIN series ON series.area = force.area
    WHERE (NOT as_reported OR aim.area IN (SELECT id FROM area WHERE map = sheet.view))
        AND NOT EXISTS (
            FROM valued JOIN series AS reported ON reported.area = valued.area
            WHERE reported.series = series.series AND valued.year = goal.deadline AND valued.thing = goal.thing
                AND valued.scope IS NOT DISTINCT FROM goal.scope AND valued.base = goal.base
        )
),
resolved AS (
    SELECT * EXCLUDE (cell, view) FROM measured
    UNION ALL BY NAME
    SELECT
        lone.area, word, lone.deadline AS year, lone.thing, lone.scope, lone.base, 'target' AS derivation,
        aim.percent AS target_percent, lone.deadline AS target_year, setter.level AS origin, aim.from_year, aim.plan, aim.source,
        aim.stated_on, aim.recorded
    FROM lone LEFT JOIN aim ON aim.id = lone.aim LEFT JOIN area AS setter ON setter.id = aim.area
)
SELECT
    area.code AS area_code, area.short_name AS area_name, area.level AS area_level, since.valid_from AS area_from,
    area.parent_code, word AS map, year, thing AS indicator, scope AS subject_scope, base, span, as_at, numerator,
    precision AS numerator_precision, denominator, rate AS rate_percent, printed_percent, low AS percent_low,
    high AS percent_high, derivation, coverage_percent, target_percent, target_year, origin AS target_origin,
    gap AS gap_points, plan, source, stated_on, recorded, from_year AS target_from
FROM resolved
JOIN area ON area.id = resolved.area
JOIN series ON series.area = area.id
JOIN area AS since ON since.id = series.series
UNION ALL
-- An area without a code is told, and is part of no map.
SELECT
    NULL, area_name, area_level, NULL, NULL,
    coalesce((SELECT map_on(map)::VARCHAR FROM setting), 'as_reported'), year, thing, subject_scope, base, span, as_at,
    numerator, numerator_precision, denominator, 100.0 * numerator / denominator, printed_percent, low, high,
    'stated', NULL, NULL, NULL, NULL, NULL, plan, source, stated_on, recorded, NULL
FROM figure WHERE area IS NULL AND NOT is_size;
