-- Who reports, by year and indicator: whoever has said anything of it, in whatever scope and base. The nation and its provinces always, what is below an
-- area where any of it reports.
CREATE OR REPLACE TABLE coverage AS
WITH RECURSIVE
reported AS (
    SELECT view, year, thing, area, recorded, first_recorded, coverage, of, reporting
    FROM here JOIN cell USING (cell) WHERE is_report
),
shown AS (
    SELECT DISTINCT cell.view, year, thing, area.id AS area, area.level
    FROM cell JOIN area ON area.map = cell.view AND area.level IN ('nation', 'province')
    WHERE NOT is_size
    UNION ALL
    SELECT shown.view, shown.year, shown.thing, area.id, area.level
    FROM shown JOIN area ON area.parent = shown.area
    WHERE shown.level <> 'nation' AND shown.area IN (
        SELECT child.parent FROM reported JOIN area AS child ON child.id = reported.area
        WHERE (reported.view, reported.year, reported.thing) = (shown.view, shown.year, shown.thing)
    )
),
-- By when returns are due, as the last event said: of an indicator, else of all.
due AS (
    SELECT
        (body ->> '$.year')::BIGINT AS year, body ->> '$.indicator' AS thing,
        arg_max((body ->> '$.due')::DATE, place) AS due
    FROM ledger_reference JOIN seen USING (event_id)
    WHERE seen.family = 'reference' AND stands AND kind = 'return_due'
    GROUP BY ALL
)
SELECT
    shown.view::VARCHAR AS map, shown.year, shown.thing AS indicator, area.code AS area_code,
    area.short_name AS area_name, area.level AS area_level,
    coalesce(reported.of, 1) AS expected, coalesce(reporting, 0) AS reported,
    100 * coalesce(coverage, 0.0) AS coverage_percent,
    coalesce(own.due, every.due) AS due, recorded AS last_recorded,
    CASE
        WHEN coalesce(own.due, every.due) IS NULL THEN NULL
        -- The day ends at midnight in Vietnam, which is 17:00 UTC.
        WHEN first_recorded IS NOT NULL
            THEN first_recorded >= epoch_us(coalesce(own.due, every.due)::TIMESTAMP + INTERVAL 17 HOURS)
        ELSE today > coalesce(own.due, every.due)
    END AS late
FROM shown
JOIN setting ON true
JOIN area ON area.id = shown.area
LEFT JOIN reported ON (reported.view, reported.year, reported.thing, reported.area)
    = (shown.view, shown.year, shown.thing, shown.area)
LEFT JOIN due AS own ON (own.year, own.thing) = (shown.year, shown.thing)
LEFT JOIN due AS every ON every.year = shown.year AND every.thing IS NULL;
