-- Which target is in force for an area: a plan of its own, of the nearest area above it, what all parts of it agree on,
-- the nation's. A deadline and a kind (thing, scope, base) is a goal.

CREATE OR REPLACE TABLE goal AS
SELECT row_number() OVER () AS goal, *
FROM (SELECT DISTINCT thing, scope, base, deadline FROM aim WHERE area IS NOT NULL);

CREATE OR REPLACE TABLE plan AS
SELECT goal, aim.area, aim.id AS aim, area.level, area.map
FROM aim
JOIN goal ON (goal.thing, goal.base, goal.deadline) = (aim.thing, aim.base, aim.deadline)
    AND goal.scope IS NOT DISTINCT FROM aim.scope
JOIN area ON area.id = aim.area
QUALIFY row_number() OVER (PARTITION BY goal, aim.area ORDER BY aim.shipped, aim.class IS NOT NULL, aim.id) = 1;

-- The nation's own, and the other one that it may have for areas in difficulty.
CREATE OR REPLACE TABLE national AS
SELECT
    goal, min_by(aim.id, (aim.class IS NOT NULL, aim.shipped, aim.id)) AS aim,
    min_by(aim.id, (aim.shipped, aim.id)) FILTER (aim.class IS NOT NULL AND aim.percent IS NOT NULL) AS special
FROM aim
JOIN goal ON (goal.thing, goal.base, goal.deadline) = (aim.thing, aim.base, aim.deadline)
    AND goal.scope IS NOT DISTINCT FROM aim.scope
JOIN area ON area.id = aim.area AND area.level = 'nation'
GROUP BY goal;

-- The nearest plan at or above an area on its own map, below the nation.
CREATE OR REPLACE TABLE planned AS
SELECT goal, lineage.area, min_by(aim, steps) AS aim, min(steps) AS steps
FROM lineage JOIN plan ON plan.area = lineage.above AND plan.level <> 'nation'
GROUP BY goal, lineage.area;

CREATE OR REPLACE TABLE agreed AS
WITH part AS (
    SELECT place.view, place.here, place.area, share = 'same' AS is_same
    FROM place JOIN area ON area.id = place.area AND area.map < place.view
    WHERE share IN ('same', 'whole', 'main')
),
held AS (
    SELECT part.*, goal.goal, planned.aim, own.percent, coalesce(own.percent, general.percent) AS counts
    FROM part
    JOIN (SELECT DISTINCT part.view, part.here, goal FROM part JOIN planned ON planned.area = part.area) AS asked
        USING (view, here)
    JOIN goal USING (goal)
    LEFT JOIN planned ON planned.goal = goal.goal AND planned.area = part.area
    LEFT JOIN aim AS own ON own.id = planned.aim
    LEFT JOIN national ON national.goal = goal.goal AND planned.aim IS NULL
    LEFT JOIN aim AS general ON general.id = national.aim
)
SELECT
    view, here AS area, goal,
    CASE WHEN count(counts) = count(*) AND min(counts) = max(counts)
        THEN min_by(aim, (is_same, held.area)) FILTER (aim IS NOT NULL) END AS aim
FROM held GROUP BY view, here, goal;

-- Which areas are in difficulty at the end of a year, as events have classified them: one is in where it, an area around
-- it or all that it was made of was named, out where others of its level in its province were (of provinces, any), and
-- nothing of it.
CREATE OR REPLACE TABLE class_of AS
WITH classified AS (
    SELECT area.id AS area, area.level, effective_on AS begins, (body ->> '$.until')::DATE AS ends
    FROM ledger_reference AS ledger
    JOIN seen ON seen.family = 'reference' AND seen.event_id = ledger.event_id AND seen.stands
    JOIN area ON (area.level, area.code) = (area_level, area_code) AND area.map = map_on(area_date)
    WHERE kind = 'area_classified'
),
named AS (
    SELECT DISTINCT year, area, level
    FROM (SELECT year FROM cell UNION SELECT deadline FROM goal) AS years
    JOIN classified ON begins <= make_date(year::INT, 12, 31) AND (ends IS NULL OR ends >= make_date(year::INT, 12, 31))
),
named_within AS (
    SELECT DISTINCT year, lineage.area FROM named JOIN lineage ON lineage.above = named.area
),
whole AS (
    SELECT DISTINCT place.view, year, lineage.area
    FROM named JOIN place ON place.area = named.area AND share = 'same' JOIN lineage ON lineage.above = place.here
),
part AS (
    SELECT place.view, place.here AS area, named_within.year, place.share, place.area AS part
    FROM place JOIN named_within USING (area) WHERE share IN ('whole', 'main', 'lesser')
),
of_parts AS (
    SELECT view, area, year, count(*) FILTER (share <> 'lesser') = (
        SELECT count(*) FROM place
        WHERE (place.view, place.here) = (part.view, part.area) AND place.share IN ('whole', 'main')
    ) AS all_of_it
    FROM part GROUP BY view, area, year
),
listed AS (
    SELECT DISTINCT
        placed.view, placed.year, placed.level, CASE placed.level WHEN 'province' THEN NULL ELSE province.above END AS province
    FROM (
        SELECT named.*, place.view, place.here
        FROM named
        JOIN lineage ON lineage.area = named.area
        JOIN place ON place.area = lineage.above AND place.share IN ('same', 'whole', 'main')
        QUALIFY row_number() OVER (PARTITION BY named.year, named.area, place.view ORDER BY lineage.steps) = 1
    ) AS placed
    LEFT JOIN lineage AS province ON province.area = placed.here AND province.level = 'province'
),
peer AS (
    SELECT listed.view, listed.year, area.id AS area
    FROM listed
    JOIN area ON area.map = listed.view AND area.level = listed.level
    LEFT JOIN lineage AS province ON province.area = area.id AND province.level = 'province'
    WHERE CASE area.level WHEN 'province' THEN NULL ELSE province.above END IS NOT DISTINCT FROM listed.province
)
SELECT view, year, area, CASE min(rank) WHEN 1 THEN 'in' WHEN 2 THEN 'partly' ELSE 'out' END AS belongs
FROM (
    SELECT *, 1 AS rank FROM whole
    UNION ALL SELECT view, year, area, CASE WHEN all_of_it THEN 1 ELSE 2 END FROM of_parts
    UNION ALL SELECT *, 3 FROM peer
)
GROUP BY view, year, area;

-- In force is an aim, or nothing that is clear (null); `special` is the other one where it depends on the class.
CREATE OR REPLACE TABLE in_force_here AS
WITH ways AS (
    SELECT
        place.view, place.here AS area, goal, aim, NULL::BIGINT AS special,
        1 + (place.area <> place.here)::INT AS rank
    FROM plan JOIN place ON place.area = plan.area AND place.share = 'same'
    WHERE plan.level <> 'nation'
    UNION ALL
    SELECT area.map, planned.area, goal, aim, NULL, 3 FROM planned JOIN area ON area.id = planned.area
    UNION ALL
    SELECT view, area, goal, aim, NULL, 4 FROM agreed
    UNION ALL
    SELECT area.map, area.id, goal, aim, CASE WHEN area.level <> 'nation' THEN special END, 5 FROM national, area
)
SELECT ways.* EXCLUDE (rank)
FROM ways JOIN area ON area.id = ways.area
WHERE area.level <> 'nation' OR rank = 5
QUALIFY row_number() OVER (PARTITION BY view, ways.area, goal ORDER BY rank) = 1;

-- The target that a figure of a cell is held against: the nearest deadline, its own scope before one that it answers,
-- its own base before all for one whose base is not known.
CREATE OR REPLACE TABLE target AS
WITH asked AS (
    SELECT cell, area FROM value WHERE NOT as_reported OR own IS NOT NULL
    UNION
    SELECT cell, area FROM missing JOIN cell USING (cell) WHERE NOT is_size
),
kinds AS (
    SELECT cell, scope, base, scope AS wanted_scope, 0 AS scope_rank FROM cell
    UNION ALL
    SELECT cell, scope, base, answers.target, answers.place
    FROM cell
    JOIN indicator_entry AS cat ON cat.id = cell.thing
    JOIN answers ON answers.measure = cat.measure AND answers.actual = cell.scope
)
SELECT
    asked.cell, asked.area, goal.deadline, goal.base = cell.base AS same_base, aim.percent, aim.plan, aim.from_year,
    setter.level AS origin
FROM asked
JOIN cell USING (cell)
JOIN kinds USING (cell)
JOIN goal ON goal.thing = cell.thing AND goal.scope IS NOT DISTINCT FROM kinds.wanted_scope
    AND goal.deadline >= cell.year AND (goal.base = cell.base OR cell.base = 'unknown' AND goal.base = 'all')
JOIN in_force_here AS force ON force.view = cell.view AND force.area = asked.area AND force.goal = goal.goal
LEFT JOIN class_of ON (class_of.view, class_of.year, class_of.area) = (cell.view, cell.year, asked.area)
LEFT JOIN aim ON aim.id = CASE
    WHEN force.special IS NULL OR class_of.belongs = 'out' THEN force.aim
    WHEN class_of.belongs = 'in' THEN force.special
END
LEFT JOIN area AS setter ON setter.id = aim.area
QUALIFY row_number() OVER (
    PARTITION BY asked.cell, asked.area ORDER BY goal.deadline, kinds.scope_rank, goal.base = cell.base DESC
) = 1;
