-- A row for every cell that is told in two ways: an area's own total beside the sum of its parts, a return beside the
-- count of single events, one source beside another. `left` is what `indicator` takes, and `reason` says why.
SELECT
    map, year, area_code, area_name, indicator, subject_scope, base, left_basis, left_value, right_basis, right_value,
    difference, chosen, reason, area_level
FROM reconciled_total
UNION ALL
SELECT
    CAST(area_map(taken.area_level, taken.area_code, taken.area_date) AS VARCHAR) AS map,
    period_year(taken.period) AS year,
    taken.area_code,
    coalesce(area_short_name(taken.area_level, taken.area_code, taken.area_date), taken.area_name) AS area_name,
    indicator_id(taken.measure, taken.stage) AS indicator,
    taken.subject_scope,
    taken.known_base AS base,
    concat_ws(' ', taken.source, 'of', coalesce(taken.as_at, taken.stated_on)) AS left_basis,
    taken.numerator AS left_value,
    concat_ws(' ', other.source, 'of', coalesce(other.as_at, other.stated_on)) AS right_basis,
    other.numerator AS right_value,
    taken.numerator - other.numerator AS difference,
    'left' AS chosen,
    concat_ws(
        '; ',
        'the other ' || other.reason,
        'printed ' || taken.printed_percent || ' % beside ' || other.printed_percent || ' %'
    ) AS reason,
    taken.area_level
FROM judged_statement AS other
JOIN judged_statement AS taken ON taken.event_id = other.best_event
WHERE other.in_force AND other.has_cell AND NOT other.chosen AND other.fact = 'actual' AND taken.chosen
