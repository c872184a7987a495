-- What is told in two ways: an area's own total and the sum of its parts, a return and the count of single events, one
-- source and another.
CREATE OR REPLACE TABLE reconciliation AS
WITH twice AS (
    -- Two statements of the same area on its own map.
    SELECT first.cell, first.area, first.numerator AS taken, second.numerator AS other
    FROM told_there AS first
    JOIN told_there AS second USING (cell, area)
    WHERE first.choice = 1 AND second.choice > 1
    UNION ALL
    -- On another map than the one asked for, beside what is below it there.
    SELECT own.cell, own.area, own.numerator, sum_there.numerator
    FROM there AS own
    JOIN sum_there USING (cell, area)
    JOIN cell USING (cell)
    JOIN area ON area.id = own.area AND area.map <> cell.view
    WHERE own.own IS NOT NULL
),
told AS (
    SELECT twice.cell, place.here AS area, taken, other
    FROM twice
    JOIN cell USING (cell)
    JOIN place ON place.view = cell.view AND place.area = twice.area AND place.share = 'same'
    UNION ALL
    SELECT here.cell, here.area, here.numerator, way.numerator
    FROM here JOIN way USING (cell, area)
    WHERE here.own IS NOT NULL AND NOT here.counted AND way.kind IN ('former', 'below')
    UNION ALL
    -- A stated total beside the count of single events.
    SELECT here.cell, here.area, here.numerator, count_here.numerator
    FROM here JOIN count_here USING (cell, area)
    WHERE here.own IS NOT NULL AND NOT here.counted
)
SELECT
    view::VARCHAR AS map, year, area.code AS area_code, area.short_name AS area_name, thing AS indicator,
    scope AS subject_scope, base, taken AS left_value, other AS right_value, taken - other AS difference,
    area.level AS area_level
FROM told JOIN cell USING (cell) JOIN area ON area.id = told.area
WHERE taken IS NOT NULL AND other IS NOT NULL AND NOT is_size AND NOT is_report
UNION ALL
SELECT
    home.map::VARCHAR, taken.year, taken.area_code, coalesce(home.short_name, taken.area_name), taken.thing,
    taken.subject_scope, taken.known_base, taken.numerator, other.numerator, taken.numerator - other.numerator,
    taken.area_level
FROM standing_statement AS other
JOIN chosen AS taken ON taken.event_id = other.taken
LEFT JOIN area AS home ON home.id = taken.area
WHERE other.event_id <> other.taken AND other.fact = 'actual';
