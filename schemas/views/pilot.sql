-- A row for every part of a pilot that a source names: units, criteria, committee, and how far each has come.
SELECT
    area_code,
    coalesce(area_short_name(area_level, area_code, area_date), area_name) AS area_name,
    area_level,
    period_year(period) AS year,
    measure, numerator, printed_percent,
    percent_low(printed_percent) AS percent_low,
    percent_high(printed_percent) AS percent_high,
    as_at, source, quote
FROM statement
WHERE chosen AND fact IN ('pilot', 'progress')
