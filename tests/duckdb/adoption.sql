-- How titles spread: subjects in their first year, those that stay, those whose title was taken away; where no subject
-- is known by itself, the totals, of which nobody knows who is new.
CREATE OR REPLACE TABLE adoption AS
WITH
year_of_subject AS (
    SELECT
        model, subject_token, year::BIGINT AS year, bool_or(step = 'revoked') AS revoked,
        arg_max({'level': area_level, 'code': area_code, 'day': area_date}, place) AS told
    FROM decided
    WHERE step IN ('recognised', 'upgraded', 'revoked') AND subject_token IS NOT NULL AND area_code IS NOT NULL
    GROUP BY ALL
),
subject AS (
    SELECT
        home.id AS area, mine.model, mine.year, mine.revoked,
        NOT mine.revoked AND mine.year = min(mine.year) FILTER (NOT mine.revoked) OVER one AS is_new,
        NOT mine.revoked AND after.year IS NOT NULL AS kept
    FROM year_of_subject AS mine
    LEFT JOIN year_of_subject AS after
        ON (after.model, after.subject_token, after.year - 1) = (mine.model, mine.subject_token, mine.year)
        AND NOT after.revoked
    JOIN area AS home
        ON (home.level, home.code) = (mine.told.level, mine.told.code) AND home.map = map_on(mine.told.day)
    WINDOW one AS (PARTITION BY mine.model, mine.subject_token)
),
-- Where a subject stands on a map: its area, or the nearest around it that stands there at all.
placed AS (
    SELECT numbered.*, place.view, place.here
    FROM (SELECT row_number() OVER () AS id, * FROM subject) AS numbered
    JOIN lineage AS around ON around.area = numbered.area
    JOIN place ON place.area = around.above AND place.share IN ('same', 'whole', 'main')
    QUALIFY row_number() OVER (PARTITION BY id, place.view ORDER BY around.steps) = 1
),
-- On the map, and of all areas above; without a map each area by itself.
here_or_above AS (
    SELECT sheet.view, word, lineage.above AS area, placed.* EXCLUDE (id, area, view, here)
    FROM placed
    JOIN sheet ON sheet.view = placed.view
    JOIN area ON area.id = placed.area
    JOIN lineage ON lineage.area = placed.here AND (NOT as_reported OR steps = 0)
    WHERE NOT as_reported OR area.map = sheet.view
),
by_year AS (
    SELECT
        view, word, area, model, year, count(*) FILTER (NOT revoked) AS recognised,
        count(*) FILTER (is_new) AS new, count(*) FILTER (kept) AS kept, count(*) FILTER (revoked) AS revoked
    FROM here_or_above GROUP BY ALL
),
total AS (
    SELECT
        view, word, area, cat.measure AS model, value.year, numerator AS count,
        CASE WHEN value.base = 'all' AND denominator > 0 THEN denominator END AS size
    FROM value
    JOIN indicator_entry AS cat ON cat.id = thing
    -- The whole title, by the scope that the catalogue names first, and no group of its subjects.
    JOIN measure_scope ON measure_scope.measure = cat.measure AND measure_scope.scope = value.scope
        AND measure_scope.place = (SELECT min(place) FROM measure_scope AS any_scope WHERE any_scope.measure = cat.measure)
    WHERE cat.stage = 'recognised' AND numerator IS NOT NULL AND coverage > 1 - 1e-9
        AND (own IS NOT NULL OR NOT as_reported) AND value.base IN ('all', 'unknown', 'registered')
    QUALIFY row_number() OVER (
        -- Of the base that says most.
        PARTITION BY view, area, cat.measure, value.year
        ORDER BY list_position(['all', 'unknown', 'registered'], value.base)
    ) = 1
),
first_year AS (SELECT view, word, area, model, min(year) AS first FROM by_year GROUP BY ALL),
known AS (
    SELECT
        first_year.*, years.year, coalesce(new, 0) AS new, coalesce(revoked, 0) AS revoked,
        before.kept AS retained,
        before.recognised AS before, sum(coalesce(new, 0)) OVER (
            PARTITION BY first_year.view, first_year.area, first_year.model ORDER BY years.year
        )::BIGINT AS adopters
    FROM first_year
    JOIN (SELECT DISTINCT view, model, year FROM by_year) AS years USING (view, model)
    LEFT JOIN by_year USING (view, area, model, year)
    LEFT JOIN (SELECT view, area, model, year, recognised, kept FROM by_year) AS before
        ON (before.view, before.area, before.model, before.year + 1)
            = (first_year.view, first_year.area, first_year.model, years.year)
    WHERE years.year >= first
),
both_kinds AS (
    SELECT
        known.area, known.word, known.year, known.model, new, adopters, 100.0 * adopters / size AS share_percent,
        retained, CASE WHEN before > 0 THEN 100.0 * retained / before END AS retention_percent, revoked,
        known.year = first AS censored
    FROM known LEFT JOIN total USING (view, area, model, year)
    UNION ALL
    SELECT total.area, total.word, year, model, NULL, count, 100.0 * count / size, NULL, NULL, NULL, true
    FROM total LEFT JOIN first_year USING (view, area, model)
    WHERE first IS NULL OR year < first
)
SELECT
    area.code AS area_code, area.short_name AS area_name, area.level AS area_level, word AS map, year,
    model AS indicator, new AS new_adopters, adopters AS cumulative_adopters, share_percent, retained,
    retention_percent, revoked, censored
FROM both_kinds JOIN area ON area.id = both_kinds.area;
