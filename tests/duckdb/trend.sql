-- Each figure of an indicator beside the one before it in its series (area by code and land, indicator, scope, base).
CREATE OR REPLACE TABLE trend AS
WITH
figure AS (
    SELECT
        indicator.*, coalesce(rate_percent, CASE WHEN percent_low = percent_high THEN percent_low END) AS percent,
        coalesce(coverage_percent, 100) > 99.999999 AS whole, coalesce(cat.direction, 'higher') AS direction,
        (
            -- Titles are given at the end of a year, by the set that had begun by then.
            SELECT arg_max(code, begins) FROM criteria_set
            WHERE criteria_set.measure = cat.measure AND begins <= indicator.year
        ) AS criteria,
        {'level': area_level, 'code': area_code, 'from': area_from,
         'name': CASE WHEN area_code IS NULL THEN area_name END} AS whose
    FROM indicator LEFT JOIN indicator_entry AS cat ON cat.id = indicator.indicator
    WHERE derivation IS DISTINCT FROM 'target'
),
pair AS (
    SELECT
        figure.*, before.year AS year_before, before.percent AS percent_before, before.numerator AS numerator_before,
        before.whole AS whole_before,
        before.year IS NOT NULL AND before.span IS NOT DISTINCT FROM figure.span
            AND before.criteria IS NOT DISTINCT FROM figure.criteria
            -- Two percents, or two counts of the whole area.
            AND (figure.percent + before.percent IS NOT NULL
                OR figure.whole AND before.whole AND figure.numerator + before.numerator IS NOT NULL) AS comparable
    FROM figure
    LEFT JOIN figure AS before
        ON before.whose = figure.whose AND before.indicator = figure.indicator AND before.base = figure.base
        AND before.subject_scope IS NOT DISTINCT FROM figure.subject_scope AND before.year < figure.year
    QUALIFY row_number() OVER (
        PARTITION BY figure.whose, figure.indicator, figure.base, figure.subject_scope, figure.year
        ORDER BY before.year DESC NULLS LAST
    ) = 1
)
SELECT
    area_code, area_name, area_level, map, year, indicator, subject_scope, base, comparable,
    CASE WHEN comparable THEN percent - percent_before END AS change_points,
    CASE WHEN comparable AND whole AND whole_before AND numerator_before > 0
        THEN 100.0 * (numerator - numerator_before) / numerator_before END AS change_percent,
    CASE WHEN map <> 'as_reported' AND percent IS NOT NULL THEN 1 + (
        SELECT count(*) FROM figure AS other
        WHERE (other.year, other.indicator, other.base, other.area_level)
            = (pair.year, pair.indicator, pair.base, pair.area_level)
            AND other.subject_scope IS NOT DISTINCT FROM pair.subject_scope
            AND CASE pair.direction WHEN 'lower' THEN other.percent < pair.percent ELSE other.percent > pair.percent END
    ) END AS rank
FROM pair;
