-- The areas through time (decision 7): what a code meant on a day, and where the figures of an area stand on another
-- map.
-- In: area.csv and area_succession.csv as they are. Out: tables that do not depend on any setting.

-- A partial date ends with its last day (decision 9).
CREATE MACRO ends(said) AS CASE length(said)
    WHEN 4 THEN make_date(said::INT, 12, 31)
    WHEN 7 THEN last_day((said || '-01')::DATE)
    WHEN 10 THEN said::DATE
END;

CREATE TABLE area AS
WITH read AS (
    SELECT
        row_number() OVER () AS id, map::DATE AS map, level, code, short_name, parent_code,
        valid_from::DATE AS valid_from
    FROM csv_area
),
ladder AS (
    SELECT DISTINCT
        map,
        level,
        CASE level
            WHEN 'province' THEN 'nation'
            WHEN 'district' THEN 'province'
            WHEN 'commune' THEN CASE WHEN map IN (SELECT map FROM read WHERE level = 'district')
                THEN 'district' ELSE 'province' END
        END AS level_above
    FROM read
)
SELECT read.*, above.id AS parent
FROM read
JOIN ladder USING (map, level)
LEFT JOIN read AS above
    ON above.map = read.map AND above.level = ladder.level_above AND above.code = read.parent_code;

CREATE TABLE map AS
SELECT map AS starts, lead(map) OVER (ORDER BY map) AS next FROM (SELECT DISTINCT map FROM area);

-- The map in force on a day; before the first one the first.
SET VARIABLE maps = (SELECT list(starts ORDER BY starts) FROM map);
CREATE MACRO map_on(day) AS
    CASE WHEN day IS NOT NULL THEN
        coalesce(list_max(list_filter(getvariable('maps'), lambda starts: starts <= day)), getvariable('maps')[1])
    END;

-- One row for each piece of land that went from an area of one map to an area of the next.
CREATE TABLE step AS
SELECT old.id AS old, new.id AS new, said.share = 'whole' AS whole, said.is_main = '1' AS main
FROM csv_area_succession AS said
JOIN area AS old ON (old.level, old.code) = (said.old_level, said.old_code) AND old.map = (SELECT min(starts) FROM map)
JOIN area AS new ON (new.level, new.code) = (said.new_level, said.new_code) AND new.map = (SELECT max(starts) FROM map)
UNION ALL
SELECT old.id, new.id, true, true
FROM area AS old, area AS new
WHERE old.level = 'nation' AND new.level = 'nation' AND old.map < new.map;

-- An area that came whole from one area, and from that one alone, has the same land.
CREATE TABLE same_land AS
SELECT any_value(old) AS old, new
FROM step JOIN area AS a ON a.id = old JOIN area AS b ON b.id = new
GROUP BY new
HAVING count(*) = 1 AND bool_and(whole AND a.level = b.level);

-- With the same land and the same code it is one series.
CREATE TABLE series AS
SELECT area.id AS area, coalesce(old.id, area.id) AS series
FROM area
LEFT JOIN same_land ON same_land.new = area.id
LEFT JOIN area AS old ON old.id = same_land.old AND old.code = area.code;

-- Where an area stands on a map: exactly; as a part; split, with all of its figure in the main part; or nowhere that
-- can be told, as one of several that a later area was made of.
CREATE TABLE place AS
SELECT map AS view, id AS area, id AS here, 'same' AS share FROM area
UNION ALL
SELECT earlier.map, new, old, 'same' FROM same_land JOIN area AS earlier ON earlier.id = old
UNION ALL
SELECT later.map, old, new, 'same' FROM same_land JOIN area AS later ON later.id = new
UNION ALL
SELECT later.map, old, new, CASE WHEN whole THEN 'whole' WHEN main THEN 'main' ELSE 'lesser' END
FROM step JOIN area AS later ON later.id = new
WHERE old NOT IN (SELECT old FROM same_land)
UNION ALL
SELECT earlier.map, new, old, 'of'
FROM step JOIN area AS earlier ON earlier.id = old
WHERE new NOT IN (SELECT new FROM same_land);

-- How many areas a sum would have to be made of: those below, and those that came in from the map before.
CREATE TABLE parts_of AS
SELECT parent AS area, false AS former, count(*) AS of FROM area WHERE parent IS NOT NULL GROUP BY parent
UNION ALL
SELECT here, true, count(*) FROM place WHERE share IN ('whole', 'main') GROUP BY here;

-- An area and all above it.
CREATE TABLE lineage AS
WITH RECURSIVE up AS (
    SELECT id AS area, id AS above, 0 AS steps FROM area
    UNION ALL
    SELECT up.area, area.parent, up.steps + 1 FROM up JOIN area ON area.id = up.above WHERE area.parent IS NOT NULL
)
SELECT up.*, area.level FROM up JOIN area ON area.id = up.above;

-- The id of a figure in the catalogue: the measure, and a stage short of recognition.
CREATE MACRO indicator_of(measure, stage) AS
    CASE WHEN coalesce(stage, 'recognised') = 'recognised' THEN measure ELSE measure || '_' || stage END;

-- Ends of a printed percent; `75-80` has two, `>=75` and `<5` have one.
CREATE MACRO percent_from(said) AS
    CASE WHEN said[1] = '<' THEN NULL ELSE split_part(ltrim(said, '>='), '-', 1)::DOUBLE END;
CREATE MACRO percent_to(said) AS
    CASE WHEN said[1] = '>' THEN NULL ELSE split_part(ltrim(said, '<='), '-', -1)::DOUBLE END;
