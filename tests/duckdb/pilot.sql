-- Parts of a pilot and how far each has come.
CREATE OR REPLACE VIEW pilot AS
SELECT
    area_code, coalesce(home.short_name, area_name) AS area_name, area_level, year, measure, numerator, printed_percent,
    percent_from(printed_percent) AS percent_low, percent_to(printed_percent) AS percent_high, as_at, source, quote
FROM chosen LEFT JOIN (SELECT id, short_name FROM area) AS home ON home.id = chosen.area
WHERE fact IN ('pilot', 'progress');
