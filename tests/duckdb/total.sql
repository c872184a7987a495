-- All figures on the map that is asked for: what each area says itself, and sums where it says nothing (decision 7).
-- Without a map each map is filled with what was told on it. A cell is a map, thing, year, scope and base.

CREATE OR REPLACE TABLE sheet AS
SELECT DISTINCT starts AS view, map IS NULL AS as_reported, coalesce(map_on(map)::VARCHAR, 'as_reported') AS word
FROM setting, (SELECT starts FROM map) WHERE map IS NULL OR starts = map_on(map);

-- Beside them a cell of reports for each map, thing and year: who has said anything of it at all.
CREATE OR REPLACE TABLE figure_here AS
WITH on_sheet AS (
    SELECT view, as_reported, word, false AS is_report, figure.*
    FROM figure, sheet
    WHERE area IN (SELECT id FROM area WHERE NOT as_reported OR map = view)
),
report AS (
    SELECT
        on_sheet.view, as_reported, word, true AS is_report, is_size, thing, year, false AS counted, min(id) AS id,
        coalesce(place.here, on_sheet.area) AS area, 1::BIGINT AS numerator, max(recorded) AS recorded,
        min(first_recorded) AS first_recorded
    FROM on_sheet
    LEFT JOIN place ON place.view = on_sheet.view AND place.area = on_sheet.area AND place.share = 'same'
    WHERE NOT is_size
    GROUP BY ALL
)
SELECT dense_rank() OVER (ORDER BY view, is_report, is_size, thing, year, subject_scope, base) AS cell, *
FROM (SELECT * FROM on_sheet UNION ALL BY NAME SELECT * FROM report);

CREATE OR REPLACE TABLE cell AS
SELECT DISTINCT
    cell, view, as_reported, word, is_report, is_size, thing, year, subject_scope AS scope, base,
    coalesce((SELECT additive FROM indicator_entry WHERE id = thing AND NOT is_size), true) AS additive
FROM figure_here;

-- What statements say of an area itself. Counts of single events are another matter: they are below.
CREATE OR REPLACE TABLE told_there AS
SELECT
    cell, area, id AS own, counted, numerator, numerator_precision AS precision, denominator, span,
    1.0::DOUBLE AS coverage, false AS estimated, 1::BIGINT AS of, 1::BIGINT AS reporting, 1::BIGINT AS figures,
    true AS native, recorded, first_recorded,
    row_number() OVER (PARTITION BY cell, area ORDER BY id) AS choice
FROM figure_here WHERE NOT counted;

CREATE OR REPLACE TABLE there AS SELECT * EXCLUDE (choice) FROM told_there WHERE choice = 1;

-- How exact a sum is of what is exact in so many ways.
CREATE OR REPLACE MACRO exactness(ways) AS CASE
    WHEN len(list_filter(ways, lambda way: way <> 'exact')) = 0 THEN 'exact'
    WHEN list_has_all(['exact', 'over', 'at_least'], ways) THEN
        CASE WHEN list_contains(ways, 'over') THEN 'over' ELSE 'at_least' END
    WHEN list_has_all(['exact', 'nearly'], ways) THEN 'nearly'
    ELSE 'about'
END;

-- Sums of parts that have one span: the one under which most is reported. A lesser share of a split area adds nothing.
CREATE OR REPLACE MACRO sums(parts) AS TABLE
WITH part AS (FROM query_table(parts)),
kind AS (
    SELECT cell, total_of, span
    FROM part WHERE share <> 'lesser' AND numerator IS NOT NULL
    GROUP BY cell, total_of, span
    QUALIFY row_number() OVER (
        PARTITION BY cell, total_of
        ORDER BY round(sum(coverage), 9) DESC,
            coalesce(list_position(['stock', 'year_to_date', 'year_change', 'flow', 'once'], span), 0)
    ) = 1
)
SELECT
    cell, total_of AS area, NULL::BIGINT AS own, any_value(counted) AS counted,
    sum(numerator) FILTER (adds)::BIGINT AS numerator,
    CASE WHEN count(*) FILTER (adds) = 1 THEN any_value(precision) FILTER (adds)
        ELSE exactness(list(coalesce(precision, 'exact')) FILTER (adds)) END AS precision,
    CASE WHEN bool_and(denominator IS NOT NULL) FILTER (adds)
        THEN sum(denominator) FILTER (adds)::BIGINT END AS denominator,
    any_value(kind.span) AS span,
    sum(coverage) FILTER (adds) / any_value(parts_of) AS coverage,
    coalesce(bool_or(estimated) FILTER (adds), false) AS estimated,
    any_value(parts_of) AS of, count(*) FILTER (adds) AS reporting,
    sum(figures) FILTER (adds)::BIGINT AS figures,
    bool_or(native AND adds) AND NOT bool_or(former) AS native,
    max(recorded) FILTER (adds) AS recorded,
    -- A sum came when the last of its parts first did.
    max(first_recorded) FILTER (adds) AS first_recorded
FROM (
    SELECT
        part.*,
        share <> 'lesser' AND numerator IS NOT NULL AND part.span IS NOT DISTINCT FROM kind.span AS adds
    FROM part JOIN kind USING (cell, total_of)
) JOIN kind USING (cell, total_of)
GROUP BY cell, total_of;

-- The parts directly below areas, of one level, in a table of values.
CREATE OR REPLACE MACRO below(grid, level_of_parts) AS TABLE
SELECT value.*, area.parent AS total_of, 'whole' AS share, false AS former, parts_of.of AS parts_of
FROM query_table(grid) AS value
JOIN cell USING (cell)
JOIN area ON area.id = value.area AND area.level = level_of_parts
JOIN parts_of ON parts_of.area = area.parent AND NOT parts_of.former
WHERE cell.additive;

-- Sums on the maps on which figures were told, level by level; beside an own total a sum is only kept to compare.
CREATE OR REPLACE TABLE sum_there AS FROM there WHERE false;

CREATE OR REPLACE TABLE parts AS FROM below('there', 'commune');
INSERT INTO sum_there FROM sums('parts');
INSERT INTO there FROM sums('parts') ANTI JOIN there USING (cell, area);

CREATE OR REPLACE TABLE parts AS FROM below('there', 'district');
INSERT INTO sum_there FROM sums('parts');
INSERT INTO there FROM sums('parts') ANTI JOIN there USING (cell, area);

CREATE OR REPLACE TABLE parts AS FROM below('there', 'province');
INSERT INTO sum_there FROM sums('parts');
INSERT INTO there FROM sums('parts') ANTI JOIN there USING (cell, area);

-- The same on the map asked for. An area's own figure may come from another map, where it had the same land. A sum is
-- of what it was made of or of what is below it, whichever covers more; where what is below came from that earlier map
-- itself, of what it was made of. A sum of an earlier map is taken whole where more figures are in it, or the same without
-- an estimate.
CREATE OR REPLACE TABLE here AS FROM there WHERE false;
CREATE OR REPLACE TABLE way AS SELECT ''::VARCHAR AS kind, * FROM there WHERE false;

CREATE OR REPLACE TABLE parts AS
SELECT value.*, place.here AS total_of, place.share, true AS former, parts_of.of AS parts_of
FROM there AS value
JOIN cell USING (cell)
JOIN place ON place.view = cell.view AND place.area = value.area AND place.share IN ('whole', 'main', 'lesser')
JOIN parts_of ON parts_of.area = place.here AND parts_of.former
WHERE cell.additive;
-- Land of a split area makes an estimate of the sum, whether that area reports or not.
INSERT INTO way
SELECT
    'former',
    sum.* REPLACE (
        estimated OR EXISTS (
            FROM place JOIN cell USING (view)
            WHERE cell.cell = sum.cell AND place.here = sum.area AND place.share IN ('main', 'lesser')
        ) AS estimated
    )
FROM sums('parts') AS sum;

INSERT INTO way
SELECT
    CASE WHEN own IS NULL THEN 'elsewhere' ELSE 'own' END,
    value.* REPLACE (place.here AS area, place.here = value.area AS native)
FROM there AS value
JOIN cell USING (cell)
JOIN place ON place.view = cell.view AND place.area = value.area AND place.share = 'same'
WHERE own IS NOT NULL OR place.here <> value.area
QUALIFY row_number() OVER (
    PARTITION BY cell, place.here, own IS NULL ORDER BY place.here = value.area DESC
) = 1;

CREATE OR REPLACE MACRO standing(ways, level_of_area) AS TABLE
WITH told AS (
    SELECT
        cell, area,
        max(coverage) FILTER (kind = 'former') AS former, max(coverage) FILTER (kind = 'below') AS below,
        bool_or(kind = 'below' AND native) AS below_is_native, bool_or(kind = 'own') AS is_own,
        max((figures, NOT estimated)) FILTER (kind = 'elsewhere') AS elsewhere,
        max((figures, NOT estimated)) FILTER (kind = 'former') AS former_figures,
        max((figures, NOT estimated)) FILTER (kind = 'below') AS below_figures
    FROM query_table(ways) AS way JOIN area ON area.id = way.area AND area.level = level_of_area
    GROUP BY cell, area
),
sided AS (
    SELECT *, CASE
        WHEN former IS NULL AND below IS NULL THEN NULL
        WHEN below IS NULL THEN 'former'
        WHEN former IS NULL THEN 'below'
        WHEN below_is_native AND below > former + 1e-9 THEN 'below'
        ELSE 'former'
    END AS side
    FROM told
)
SELECT way.* EXCLUDE (kind)
FROM sided JOIN query_table(ways) AS way USING (cell, area)
WHERE way.kind = CASE
    WHEN is_own THEN 'own'
    WHEN side IS NULL THEN 'elsewhere'
    WHEN elsewhere > CASE side WHEN 'former' THEN former_figures ELSE below_figures END THEN 'elsewhere'
    ELSE side
END;

INSERT INTO here FROM standing('way', 'commune');
CREATE OR REPLACE TABLE parts AS FROM below('here', 'commune');
INSERT INTO way SELECT 'below', * FROM sums('parts');
INSERT INTO here FROM standing('way', 'district');
CREATE OR REPLACE TABLE parts AS FROM below('here', 'district');
INSERT INTO way SELECT 'below', * FROM sums('parts');
INSERT INTO here FROM standing('way', 'province');
CREATE OR REPLACE TABLE parts AS FROM below('here', 'province');
INSERT INTO way SELECT 'below', * FROM sums('parts');
INSERT INTO here FROM standing('way', 'nation');

-- Single events add up: an area's count is its own, those of all areas below it and those of areas that went into it. An
-- event stands in the nearest area at or above its own that has a place on the map, and in all above.
CREATE OR REPLACE TABLE counted_here AS
WITH around AS (
    SELECT
        figure.cell, figure.id, lineage.steps, place.here,
        -- All of an area, none of which was split on the way.
        share = 'same' OR share = 'whole' AND NOT EXISTS (
            FROM place AS other
            WHERE (other.view, other.here) = (place.view, place.here) AND other.share IN ('main', 'lesser')
        ) AS exact
    FROM figure_here AS figure
    JOIN cell USING (cell)
    JOIN lineage ON lineage.area = figure.area AND (cell.additive OR steps = 0)
    JOIN place ON place.view = figure.view AND place.area = lineage.above AND share IN ('same', 'whole', 'main')
    WHERE figure.counted AND figure.numerator IS NOT NULL AND (cell.additive OR share = 'same')
),
start AS (SELECT cell, id, min(steps) AS steps, arg_min(here, steps) AS here FROM around GROUP BY cell, id),
upwards AS (
    SELECT
        start.cell, start.id, lineage.above AS area, lineage.steps,
        EXISTS (
            FROM around JOIN lineage AS below ON below.above = around.here AND below.area = start.here
            WHERE (around.cell, around.id) = (start.cell, start.id) AND exact AND below.steps <= lineage.steps
        ) AS exact
    FROM start
    JOIN cell USING (cell)
    JOIN lineage ON lineage.area = start.here AND (cell.additive OR lineage.steps = 0)
)
SELECT
    upwards.cell, upwards.area,
    min(upwards.id) FILTER (steps = 0 AND place.share = 'same') AS own,
    sum(numerator)::BIGINT AS numerator, any_value(span) AS span, NOT bool_and(exact) AS estimated,
    count(*) AS figures, bool_or(home.map = figure.view) AS native, max(recorded) AS recorded,
    min(first_recorded) AS first_recorded
FROM upwards
JOIN figure_here AS figure USING (cell, id)
JOIN area AS home ON home.id = figure.area
LEFT JOIN place ON place.view = figure.view AND place.area = figure.area AND place.here = upwards.area
GROUP BY upwards.cell, upwards.area;

-- How much of an area tells of single events: all of it where it has events of its own, else as many of its parts as do.
CREATE OR REPLACE TABLE count_there AS
SELECT
    cell, area, min(id) AS own, true AS counted, sum(numerator)::BIGINT AS numerator, 'exact' AS precision,
    NULL::BIGINT AS denominator, any_value(span) AS span, 1.0::DOUBLE AS coverage, false AS estimated,
    1::BIGINT AS of, 1::BIGINT AS reporting, count(*) AS figures, true AS native, max(recorded) AS recorded,
    min(first_recorded) AS first_recorded
FROM figure_here WHERE counted AND numerator IS NOT NULL
GROUP BY cell, area;

CREATE OR REPLACE TABLE parts AS FROM below('count_there', 'commune');
INSERT INTO count_there FROM sums('parts') ANTI JOIN count_there USING (cell, area);
CREATE OR REPLACE TABLE parts AS FROM below('count_there', 'district');
INSERT INTO count_there FROM sums('parts') ANTI JOIN count_there USING (cell, area);
CREATE OR REPLACE TABLE parts AS FROM below('count_there', 'province');
INSERT INTO count_there FROM sums('parts') ANTI JOIN count_there USING (cell, area);
UPDATE count_there SET figures = within.figures
FROM (
    SELECT cell, lineage.above AS area, count(*) AS figures
    FROM figure_here JOIN cell USING (cell) JOIN lineage ON lineage.area = figure_here.area
    WHERE counted AND numerator IS NOT NULL AND (additive OR steps = 0)
    GROUP BY ALL
) AS within
WHERE (within.cell, within.area) = (count_there.cell, count_there.area);

CREATE OR REPLACE TABLE parts AS
SELECT value.*, place.here AS total_of, place.share, true AS former, parts_of.of AS parts_of
FROM count_there AS value
JOIN cell USING (cell)
JOIN place ON place.view = cell.view AND place.area = value.area AND place.share IN ('whole', 'main', 'lesser')
JOIN parts_of ON parts_of.area = place.here AND parts_of.former
WHERE cell.additive;
CREATE OR REPLACE TABLE count_way AS
SELECT
    'former' AS kind,
    sum.* REPLACE (
        EXISTS (
            FROM place JOIN cell USING (view)
            WHERE cell.cell = sum.cell AND place.here = sum.area AND place.share IN ('main', 'lesser')
        ) AS estimated
    )
FROM sums('parts') AS sum;
INSERT INTO count_way
SELECT 'elsewhere', value.* REPLACE (place.here AS area, NULL AS own)
FROM count_there AS value
JOIN cell USING (cell)
JOIN place ON place.view = cell.view AND place.area = value.area AND place.share = 'same'
WHERE place.here <> value.area AND cell.additive;

CREATE OR REPLACE TABLE count_here AS FROM there WHERE false;
CREATE OR REPLACE MACRO covered(level_of_area) AS TABLE
SELECT
    counted_here.cell, counted_here.area, counted_here.own, true AS counted, counted_here.numerator,
    'exact' AS precision, NULL::BIGINT AS denominator, counted_here.span,
    CASE WHEN counted_here.own IS NULL THEN chosen_way.coverage ELSE 1 END AS coverage, counted_here.estimated,
    CASE WHEN counted_here.own IS NULL THEN chosen_way.of ELSE 1 END AS of,
    CASE WHEN counted_here.own IS NULL THEN chosen_way.reporting ELSE 1 END AS reporting,
    counted_here.figures, counted_here.native, counted_here.recorded, counted_here.first_recorded
FROM counted_here
JOIN area ON area.id = counted_here.area AND area.level = level_of_area
LEFT JOIN standing('count_way', level_of_area) AS chosen_way USING (cell, area);

INSERT INTO count_here FROM covered('commune');
CREATE OR REPLACE TABLE parts AS FROM below('count_here', 'commune');
INSERT INTO count_way SELECT 'below', * FROM sums('parts');
INSERT INTO count_here FROM covered('district');
CREATE OR REPLACE TABLE parts AS FROM below('count_here', 'district');
INSERT INTO count_way SELECT 'below', * FROM sums('parts');
INSERT INTO count_here FROM covered('province');
CREATE OR REPLACE TABLE parts AS FROM below('count_here', 'province');
INSERT INTO count_way SELECT 'below', * FROM sums('parts');
INSERT INTO count_here FROM covered('nation');

-- A count stands only where no statement gives a value, and is never added to one.
INSERT INTO here FROM count_here ANTI JOIN here USING (cell, area);

-- Areas of the map that figures speak of without saying anything of them.
CREATE OR REPLACE TABLE missing AS
SELECT DISTINCT cell, place.here AS area
FROM (SELECT cell, area, own FROM there UNION ALL SELECT cell, area, own FROM count_there) AS told
JOIN cell USING (cell)
JOIN place ON place.view = cell.view AND place.area = told.area
WHERE own IS NOT NULL AND place.share IN ('of', 'whole', 'main', 'lesser') AND NOT as_reported AND NOT is_report
    AND (cell, place.here) NOT IN (SELECT (cell, area) FROM here);

-- Without a map nothing is added up: a count is then of what the area itself tells of.
CREATE OR REPLACE TABLE shown_here AS
SELECT here.* REPLACE (
    CASE WHEN here.counted AND as_reported AND own IS NOT NULL THEN figure.numerator ELSE here.numerator END AS numerator,
    CASE WHEN here.counted AND as_reported AND own IS NOT NULL THEN figure.recorded ELSE here.recorded END AS recorded,
    here.estimated AND NOT (here.counted AND as_reported AND own IS NOT NULL) AS estimated
)
FROM here JOIN cell USING (cell) LEFT JOIN figure ON figure.id = here.own;

-- Sizes of bases: counts that cover their area whole, of the base that says most.
CREATE OR REPLACE TABLE size AS
SELECT view, is_size, thing, scope, year, area, numerator AS size
FROM shown_here JOIN cell USING (cell)
WHERE coverage > 1 - 1e-9 AND numerator IS NOT NULL AND NOT is_report
QUALIFY row_number() OVER (
    PARTITION BY view, is_size, thing, scope, year, area
    ORDER BY list_position(['all', 'registered', 'population', 'adult', 'unknown'], base)
) = 1;

-- The denominator, and where the source gives none the size of its base as the catalogue names it: the line for the
-- figure's scope before one for all.
CREATE OR REPLACE TABLE value AS
WITH line AS (
    SELECT cell, measure, indicator
    FROM cell JOIN base_line ON base_line.id = cell.thing AND base_line.base = cell.base AND NOT cell.is_size
    WHERE base_line.scope IS NULL OR base_line.scope = cell.scope
    QUALIFY row_number() OVER (PARTITION BY cell ORDER BY base_line.scope IS NULL, base_line.place) = 1
)
SELECT
    here.* EXCLUDE (denominator), cell.* EXCLUDE (cell),
    coalesce(here.denominator, CASE WHEN here.numerator IS NOT NULL AND coverage > 1 - 1e-9 THEN size.size END)
        AS denominator
FROM shown_here AS here
JOIN cell USING (cell)
LEFT JOIN line USING (cell)
LEFT JOIN size
    ON size.view = cell.view AND size.year = cell.year AND size.area = here.area AND size.size > 0
    AND CASE WHEN line.measure IS NOT NULL
        THEN size.is_size AND size.thing = line.measure AND size.scope IS NULL
        ELSE NOT size.is_size AND size.thing = line.indicator AND size.scope IS NOT DISTINCT FROM cell.scope END
WHERE NOT cell.is_size AND NOT cell.is_report;
