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

-- The nation's own, and whether it has another for areas in difficulty, which nobody has named.
CREATE OR REPLACE TABLE national AS
SELECT
    goal, min_by(aim.id, (aim.class IS NOT NULL, aim.shipped, aim.id)) AS aim,
    bool_or(aim.class IS NOT NULL AND aim.percent IS NOT NULL) AS differs
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

-- In force is an aim, or nothing that is clear (null).
CREATE OR REPLACE TABLE in_force_here AS
WITH ways AS (
    SELECT place.view, place.here AS area, goal, aim, 1 + (place.area <> place.here)::INT AS rank
    FROM plan JOIN place ON place.area = plan.area AND place.share = 'same'
    WHERE plan.level <> 'nation'
    UNION ALL
    SELECT area.map, planned.area, goal, aim, 3 FROM planned JOIN area ON area.id = planned.area
    UNION ALL
    SELECT view, area, goal, aim, 4 FROM agreed
    UNION ALL
    SELECT
        area.map, area.id, goal, CASE WHEN differs AND area.level <> 'nation' THEN NULL ELSE aim END, 5
    FROM national, area
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
    asked.cell, asked.area, goal.deadline, goal.base = cell.base AS same_base, aim.percent, aim.plan,
    setter.level AS origin
FROM asked
JOIN cell USING (cell)
JOIN kinds USING (cell)
JOIN goal ON goal.thing = cell.thing AND goal.scope IS NOT DISTINCT FROM kinds.wanted_scope
    AND goal.deadline >= cell.year AND (goal.base = cell.base OR cell.base = 'unknown' AND goal.base = 'all')
JOIN in_force_here AS force ON force.view = cell.view AND force.area = asked.area AND force.goal = goal.goal
LEFT JOIN aim ON aim.id = force.aim
LEFT JOIN area AS setter ON setter.id = aim.area
QUALIFY row_number() OVER (
    PARTITION BY asked.cell, asked.area ORDER BY goal.deadline, kinds.scope_rank, goal.base = cell.base DESC
) = 1;
