//! The questions, in SQL. `{year}` is the report's year; the map is set beforehand.

/// The Week.
pub(super) const WEEK: &str = "SELECT start_on, end_on, theme_vi, dispatch FROM learning_week WHERE year = {year}";

/// The first days of all maps.
pub(super) const MAPS: &str = "SELECT DISTINCT map FROM area ORDER BY map";

/// The provinces of the map `{map}`, each with the province that it became a part of, where it is of an earlier map.
pub(super) const PROVINCES: &str = "
    SELECT area.code, area.name, area.short_name, next.new_code AS successor
    FROM area
    LEFT JOIN (
        SELECT old_code, min(new_code) AS new_code, min(effective_on) AS effective_on
        FROM area_succession
        WHERE old_level = 'province' AND new_level = 'province'
        GROUP BY old_code
    ) AS next ON next.old_code = area.code AND next.effective_on > area.map
    WHERE area.level = 'province' AND area.map = '{map}'
    ORDER BY area.code";

/// The province of every area on the map `{map}`.
pub(super) const HOMES: &str = "
    SELECT area.code, CASE WHEN area.level IN ('nation', 'province') THEN area.code WHEN above.level = 'province' THEN above.code
        ELSE above.parent_code END AS province
    FROM area
    LEFT JOIN area AS above ON above.code = area.parent_code AND above.map = area.map
        AND above.level = CASE WHEN area.level = 'commune' AND length(area.parent_code) = 3 THEN 'district' ELSE 'province' END
    WHERE area.map = '{map}' AND (area.level IN ('nation', 'province') OR above.code IS NOT NULL)";

/// The columns of a figure that stand in `indicator`, too.
macro_rules! figure {
    () => {
        "area_code, area_name, area_level, year, indicator, subject_scope, base, span, numerator, numerator_precision, \
         denominator, rate_percent, percent_low, percent_high, derivation, coverage_percent, reason, target_percent, \
         target_year, gap_points, source"
    };
}

/// The order in which figures are printed.
macro_rules! in_order {
    () => {
        "ORDER BY indicator, area_level, area_code NULLS LAST, area_name, subject_scope, base, year, span"
    };
}

/// What is counted of titles and members. Of activities every kind has its own.
macro_rules! reported {
    () => {
        "indicator IN (
            SELECT indicator FROM catalogue WHERE stage = 'recognised' OR measure = 'membership' OR indicator LIKE '%_per_1000'
        )"
    };
}

/// Figures of the nation and the provinces up to the year.
pub(super) const FIGURES: &str = concat!(
    "SELECT ",
    figure!(),
    ", change_points, rank FROM trend WHERE area_level IN ('nation', 'province') AND year <= {year} AND ",
    reported!(),
    " ",
    in_order!()
);

/// Targets of this year and later ones for which nothing is reported yet.
pub(super) const TARGETS: &str = concat!(
    "SELECT ",
    figure!(),
    " FROM indicator WHERE area_level IN ('nation', 'province') AND year >= {year} AND derivation = 'target' AND ",
    reported!(),
    " ",
    in_order!()
);

/// Figures of the year in communes.
pub(super) const COMMUNES: &str = concat!(
    "SELECT ",
    figure!(),
    ", change_points, rank FROM trend WHERE area_level = 'commune' AND year = {year} AND indicator IN (
        SELECT indicator FROM catalogue WHERE stage = 'recognised'
    ) ",
    in_order!()
);

/// Who has returned what, of the nation and the provinces.
pub(super) const COVERAGE: &str = concat!(
    "SELECT indicator, area_code, area_name, area_level, expected, reported, coverage_percent, due, late
     FROM coverage
     WHERE year = {year} AND area_level IN ('nation', 'province') AND ",
    reported!(),
    " ORDER BY indicator, area_level, area_code"
);

/// What is missing or came late, below the provinces.
pub(super) const RETURNS: &str = concat!(
    "SELECT indicator, area_code, area_name, area_level, expected, reported, coverage_percent, due, late
     FROM coverage
     WHERE year = {year} AND area_level NOT IN ('nation', 'province') AND (reported < expected OR late) AND ",
    reported!(),
    " ORDER BY indicator, area_level, area_code"
);

/// What was held in the Week.
pub(super) const ACTIVITIES: &str = "
    SELECT
        area_code, min(area_name) AS area_name, activity, count(*) AS held, sum(sessions) AS sessions,
        sum(attendances) AS attendances, sum(persons) AS persons,
        count(attendances) = count(*) AND bool_and(coalesce(attendances_precision, 'exact') = 'exact') AS attendances_whole,
        count(persons) = count(*) AND bool_and(coalesce(persons_precision, 'exact') = 'exact') AS persons_whole
    FROM activity
    WHERE week_year = {year}
    GROUP BY area_level, area_code, activity
    ORDER BY activity, area_level, area_code NULLS LAST";

/// Figures of the year that break a rule.
pub(super) const SUSPICIOUS: &str = "
    SELECT area_code, area_name, year, measure, explanation, source
    FROM suspicious
    WHERE year <= {year}
    ORDER BY year DESC, measure, area_code NULLS LAST, area_name, explanation";

/// What was told of the year in two ways.
pub(super) const RECONCILED: &str = "
    SELECT area_code, area_name, indicator, left_basis, left_value, right_basis, right_value, difference, chosen, reason
    FROM reconciliation
    WHERE year = {year}
    ORDER BY indicator, area_level, area_code NULLS LAST, area_name, subject_scope, base, left_basis, right_basis";

/// The indicators.
pub(super) const INDICATORS: &str = "
    SELECT
        indicator, name_vi, name_en, measure, stage, numerator_vi, numerator_en, denominator_vi, denominator_en, bases, legal
    FROM catalogue";

/// The sources of what is stated.
pub(super) const SOURCES: &str = "
    SELECT
        source, min(stated_on) AS stated_on, min(source_kind) AS source_kind, min(source_url) AS source_url,
        min(sender) AS sender
    FROM statement
    WHERE chosen AND source IS NOT NULL
    GROUP BY source";
