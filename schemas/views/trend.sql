-- A row for every figure of `indicator`, beside the one before it in its series: the change, the distance to a straight
-- path to the target, the rank among comparable areas. A series is one area (code and land), indicator, scope and base.
-- Where two figures do not compare, the change is null and `reason` says why.
-- All windows are divided by columns, so that what a question asks of indicator and level is asked of `indicator` at once.
WITH
figure AS (
    SELECT
        indicator.*,
        catalogue.direction,
        criteria_set_in(catalogue.measure, year) AS criteria_set,
        -- As computed, or as printed where there is nothing to compute from.
        coalesce(rate_percent, CASE WHEN percent_low = percent_high THEN percent_low END) AS known_percent,
        coalesce(coverage_percent, 100.0) AS covered,
        CASE WHEN area_code IS NULL THEN area_name END AS name_without_code
    FROM indicator
    LEFT JOIN catalogue ON catalogue.indicator = indicator.indicator
    WHERE derivation IS NULL OR derivation <> 'target'
),
beside AS (
    SELECT
        *,
        lag(year) OVER series AS year_before,
        lag(known_percent) OVER series AS percent_before,
        lag(numerator) OVER series AS numerator_before,
        lag(span) OVER series AS span_before,
        lag(covered) OVER series AS covered_before,
        lag(criteria_set) OVER series AS criteria_set_before,
        max(year) OVER (
            PARTITION BY indicator, area_level, area_code, area_from, name_without_code ORDER BY year RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS any_year_before,
        -- Where the way to the target began: the first figure under the plan that can be held against it.
        first_value(CASE WHEN on_path THEN year END) IGNORE NULLS OVER path AS path_start,
        first_value(CASE WHEN on_path THEN known_percent END) IGNORE NULLS OVER path AS percent_at_start,
        rank() OVER (
            PARTITION BY year, indicator, subject_scope, base, area_level, known_percent IS NULL
            ORDER BY CASE WHEN direction = 'lower' THEN known_percent ELSE -known_percent END
        ) AS place
    FROM (
        SELECT *, gap_points IS NOT NULL AND year >= coalesce(target_from, year) AS on_path
        FROM figure
    )
    WINDOW
        series AS (
            PARTITION BY indicator, area_level, area_code, area_from, name_without_code, subject_scope, base ORDER BY year
        ),
        path AS (
            PARTITION BY
                indicator, area_level, area_code, area_from, name_without_code, subject_scope, base, target_year,
                target_percent
            ORDER BY year
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
),
judged AS (
    SELECT
        *,
        CASE
            WHEN year_before IS NULL AND any_year_before IS NOT NULL THEN
                'what is known of ' || any_year_before || ' is of another base or scope, so it does not compare'
            WHEN year_before IS NULL THEN NULL
            WHEN span IS DISTINCT FROM span_before THEN
                'what is known of ' || year_before || ' is of another span, so it does not compare'
            WHEN criteria_set IS DISTINCT FROM criteria_set_before THEN
                'since ' || year_before || ' the criteria changed from ' || coalesce(criteria_set_before, 'none known')
                || ' to ' || coalesce(criteria_set, 'none known') || ', so it does not compare'
        END AS not_comparable
    FROM beside
),
compared AS (
    SELECT
        *,
        -- Two percents, or two counts of the whole area.
        year_before IS NOT NULL AND not_comparable IS NULL AND (
            (known_percent IS NOT NULL AND percent_before IS NOT NULL)
            OR (both_whole AND numerator IS NOT NULL AND numerator_before IS NOT NULL)
        ) AS comparable
    FROM (SELECT *, covered >= 99.999999 AND covered_before >= 99.999999 AS both_whole FROM judged)
)
SELECT
    area_code, area_name, area_level, area_from, parent_code, map, year, indicator, subject_scope, base, span, as_at,
    numerator, numerator_precision, denominator, rate_percent, printed_percent, percent_low, percent_high, derivation,
    coverage_percent,
    nullif(concat_ws(
        '; ',
        reason,
        not_comparable,
        CASE WHEN comparable AND year_before < year - 1 THEN 'the change is against ' || year_before END,
        CASE
            WHEN
                year_before IS NOT NULL AND not_comparable IS NULL AND NOT both_whole
                AND numerator IS NOT NULL AND numerator_before IS NOT NULL
            THEN 'not all areas report, so the counts do not compare'
        END,
        CASE WHEN map = 'as_reported' AND known_percent IS NOT NULL THEN 'areas are ranked on one map only' END
    ), '') AS reason,
    target_percent, target_year, target_origin, gap_points, plan, source, stated_on, recorded, unit, value, target_from,
    CASE WHEN comparable THEN known_percent - percent_before END AS change_points,
    CASE WHEN comparable AND both_whole AND numerator_before > 0 THEN
        100.0 * CAST(numerator - numerator_before AS DOUBLE) / CAST(numerator_before AS DOUBLE)
    END AS change_percent,
    comparable,
    CASE
        WHEN NOT on_path OR path_start IS NULL THEN NULL
        WHEN target_year = path_start THEN target_percent
        ELSE percent_at_start + (target_percent - percent_at_start)
            * CAST(year - path_start AS DOUBLE) / CAST(target_year - path_start AS DOUBLE)
    END AS path_percent,
    known_percent - CASE
        WHEN NOT on_path OR path_start IS NULL THEN NULL
        WHEN target_year = path_start THEN target_percent
        ELSE percent_at_start + (target_percent - percent_at_start)
            * CAST(year - path_start AS DOUBLE) / CAST(target_year - path_start AS DOUBLE)
    END AS path_gap_points,
    CASE WHEN map <> 'as_reported' AND known_percent IS NOT NULL THEN place END AS rank
FROM compared
