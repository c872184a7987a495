-- Figures that break a rule (decision 13, and the traps of the field): they are flagged and never changed.
CREATE OR REPLACE TABLE suspicious AS
WITH
stated AS (SELECT * FROM figure WHERE NOT counted AND area IS NOT NULL),
suspect AS (SELECT * FROM stated WHERE numerator IS NOT NULL),
size_line AS (
    SELECT suspect.id, base_line.measure
    FROM suspect JOIN base_line ON base_line.id = suspect.thing AND NOT is_size AND base_line.base = suspect.base
    WHERE base_line.scope IS NULL OR base_line.scope = suspect.subject_scope
    QUALIFY row_number() OVER (PARTITION BY suspect.id ORDER BY base_line.scope IS NULL, base_line.place) = 1
),
beside AS (
    -- Figures of the same area and year, and how much each can be at most: `over 900` and `about 900` have no upper end.
    SELECT
        suspect.id, other.* EXCLUDE (id),
        CASE WHEN coalesce(other.numerator_precision, 'exact') NOT IN ('over', 'at_least', 'about')
            THEN other.numerator END AS most
    FROM suspect JOIN stated AS other ON (other.series, other.year) = (suspect.series, suspect.year)
),
-- More titles than there are subjects.
whole AS (
    SELECT suspect.id, coalesce(suspect.denominator, max(beside.most)) AS high
    FROM suspect
    LEFT JOIN size_line USING (id)
    LEFT JOIN beside ON beside.id = suspect.id AND beside.is_size AND beside.thing = size_line.measure
    GROUP BY suspect.id, suspect.denominator
),
-- More than the province or the nation has; what is only bounded from below bounds nothing.
around AS (
    SELECT suspect.id, steps, max(other.numerator) AS high
    FROM suspect
    JOIN (
        SELECT area, above, steps FROM lineage WHERE steps > 0
    ) AS up ON up.area = suspect.area
    JOIN series AS wider ON wider.area = up.above
    JOIN stated AS other
        ON (other.series, other.thing, other.year, other.is_size)
            = (wider.series, suspect.thing, suspect.year, suspect.is_size)
        AND other.subject_scope IS NOT DISTINCT FROM suspect.subject_scope
        AND other.span IS NOT DISTINCT FROM suspect.span
        AND coalesce(other.numerator_precision, 'exact') NOT IN ('over', 'at_least', 'about')
    GROUP BY suspect.id, steps
),
containing AS (
    SELECT suspect.id, rule.place, max(beside.most) * any_value(rule.at_most) AS high
    FROM suspect
    JOIN containment AS rule ON rule.part = suspect.thing
    JOIN beside ON beside.id = suspect.id AND beside.thing = rule.whole
    LEFT JOIN indicator_entry AS mine ON mine.id = suspect.thing AND NOT suspect.is_size
    LEFT JOIN indicator_entry AS other ON other.id = beside.thing AND NOT beside.is_size
    -- Two counts of one measure are held against each other in one scope only.
    WHERE mine.measure IS DISTINCT FROM other.measure OR beside.subject_scope IS NOT DISTINCT FROM suspect.subject_scope
    GROUP BY suspect.id, rule.place
),
people AS (
    SELECT
        suspect.id,
        max(CASE WHEN beside.is_size THEN beside.numerator ELSE beside.denominator END) AS households
    FROM suspect JOIN beside USING (id)
    WHERE beside.is_size AND beside.thing = 'household'
        OR NOT beside.is_size AND beside.thing = 'learning_family' AND beside.base = 'all'
    GROUP BY suspect.id
),
-- What a fraction can be printed as: itself rounded or cut off to the digits given, or anything within two ends.
printed AS (
    SELECT
        id, 100.0 * numerator / denominator AS share, low, high, denominator,
        CASE WHEN low = high THEN
            (low * power(10, decimals))::DECIMAL(38, 0) IN (
                (100::HUGEINT * numerator * scale) // denominator,
                (200::HUGEINT * numerator * scale + denominator) // (2 * denominator)
            )
        ELSE share >= coalesce(low, share) - 1e-9 AND share <= coalesce(high, share) + 1e-9 END AS fits
    FROM (
        SELECT
            *, len(split_part(printed_percent, '.', 2)) AS decimals, power(10, decimals)::HUGEINT AS scale
        FROM suspect
        WHERE coalesce(numerator_precision, 'exact') = 'exact' AND denominator > 0 AND printed_percent IS NOT NULL
    )
),
-- The figure before it in its series.
leap AS (
    -- The nearest earlier year that says the same kind of thing.
    SELECT suspect.id, before.numerator AS earlier, suspect.year - before.year + 1 AS most
    FROM suspect
    JOIN stated AS before
        ON (before.series, before.thing, before.is_size, before.base, before.span)
            = (suspect.series, suspect.thing, suspect.is_size, suspect.base, suspect.span)
        AND before.subject_scope IS NOT DISTINCT FROM suspect.subject_scope
        AND before.year < suspect.year AND before.numerator IS NOT NULL
    WHERE suspect.span = 'stock'
    QUALIFY row_number() OVER (PARTITION BY suspect.id ORDER BY before.year DESC) = 1
),
finding AS (
    SELECT id, 'part_above_whole' AS rule, NULL::DOUBLE AS expected_low, whole.high::DOUBLE AS expected_high
    FROM whole JOIN suspect USING (id) WHERE numerator > whole.high
    UNION ALL
    SELECT id, 'above_the_area_around', NULL, around.high
    FROM around JOIN suspect USING (id) WHERE numerator > around.high
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY steps) = 1
    UNION ALL
    SELECT id, 'above_what_contains_it', NULL, containing.high
    FROM containing JOIN suspect USING (id) WHERE numerator > containing.high
    UNION ALL
    SELECT id, 'too_few_people', households * high / 100, NULL
    FROM people JOIN suspect USING (id)
    WHERE base IN ('population', 'adult') AND high > 0 AND numerator * 100 / high < households
    UNION ALL
    SELECT
        id,
        CASE WHEN share * 10 BETWEEN 0.97 * low AND 1.03 * high OR share / 10 BETWEEN 0.97 * low AND 1.03 * high
            THEN 'factor_10' ELSE 'percent_of_fraction' END,
        low * denominator / 100, high * denominator / 100
    FROM printed WHERE NOT fits
    UNION ALL
    SELECT
        id,
        CASE WHEN abs(numerator / earlier / 10 - 1) <= 0.3 OR abs(numerator / earlier * 10 - 1) <= 0.3
            THEN 'factor_10' ELSE 'jump' END,
        earlier / most, earlier * most
    FROM leap JOIN suspect USING (id)
    WHERE least(earlier, numerator) > 0 AND greatest(earlier, numerator) >= 50
        AND (numerator > earlier * most OR numerator * most < earlier)
)
SELECT
    event_id, home.code AS area_code, home.short_name AS area_name, year, suspect.measure, rule,
    numerator::DOUBLE AS value, expected_low, expected_high, source
FROM finding
JOIN suspect USING (id)
JOIN area AS home ON home.id = suspect.area;
