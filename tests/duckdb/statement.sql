-- Every aggregate fact that was said, whether answers take it, and if not, why (decisions 4 and 6).

CREATE OR REPLACE TABLE said AS
SELECT
    ledger.*, seen.place, seen.stands, seen.fate, seen.by_event, seen.why,
    home.id AS area,
    -- One area through time, whichever code it is read by; its printed name where it has none.
    CASE
        WHEN ledger.area_code IS NULL THEN {'level': ledger.area_level, 'word': ledger.area_name, 'since': NULL}
        WHEN home.id IS NULL THEN {'level': ledger.area_level, 'word': ledger.area_code, 'since': ledger.area_date}
        ELSE {'level': ledger.area_level, 'word': '#' || series.series, 'since': NULL}
    END AS whose,
    coalesce(base, 'unknown') AS known_base,
    right(period, 4)::BIGINT AS year,
    indicator_of(measure, stage) AS thing,
    {'a': numerator, 'b': numerator_precision, 'c': denominator, 'd': sessions, 'e': sessions_precision,
     'f': printed_percent} AS figures
FROM ledger_statement AS ledger
JOIN seen ON seen.family = 'statement' AND seen.event_id = ledger.event_id
LEFT JOIN area AS home
    ON (home.level, home.code) = (ledger.area_level, ledger.area_code) AND home.map = map_on(ledger.area_date)
LEFT JOIN series ON series.area = home.id
WHERE fact IS NOT NULL;

-- What one source says under one key, in the order in which it was recorded: whoever stands in a run of equal figures
-- behind its first only repeats it, and the first of the last run is in force.
CREATE OR REPLACE TABLE under_key AS
WITH keyed AS (
    SELECT
        event_id, place, figures,
        dense_rank() OVER (ORDER BY
            whose, fact, measure, stage, subject_scope, known_base, period, span, as_at, plan, source,
            CASE WHEN fact IN ('pilot', 'exemplary') OR span = 'once'
                THEN {'figures': figures, 'stated_on': stated_on, 'quote': quote} END
        ) AS key
    FROM said
    WHERE stands
),
runs AS (
    SELECT
        *,
        count(*) FILTER (is_first) OVER (PARTITION BY key ORDER BY place) AS run
    FROM (
        SELECT
            *,
            row_number() OVER by_key = 1 OR figures IS DISTINCT FROM lag(figures) OVER by_key AS is_first
        FROM keyed WINDOW by_key AS (PARTITION BY key ORDER BY place)
    )
)
SELECT
    event_id,
    first_value(event_id) OVER (PARTITION BY key, run ORDER BY place) AS repeats,
    first_value(event_id) OVER (PARTITION BY key ORDER BY run DESC, place) AS stands_now
FROM runs;

-- Of statements for one area, year, thing, scope and base the latest count is taken, then the source that ranks higher,
-- then the latest statement, then the latest record.
CREATE OR REPLACE TABLE standing_statement AS
WITH cells AS (
    SELECT
        said.*,
        CASE source_kind WHEN 'decision' THEN 0 WHEN 'return' THEN 1 WHEN 'plan' THEN 2 ELSE 3 END AS rank,
        CASE WHEN fact = 'target' AND known_base = 'unknown' THEN 'all' ELSE known_base END AS cell_base,
        CASE WHEN fact = 'activity' THEN span END AS cell_span,
        fact IN ('actual', 'target', 'denominator', 'activity') AND span IS DISTINCT FROM 'once' AS has_cell
    FROM said JOIN under_key ON said.event_id = under_key.event_id AND said.event_id = stands_now
)
SELECT
    *,
    CASE WHEN has_cell THEN first_value(event_id) OVER best ELSE event_id END AS taken
FROM cells
WINDOW best AS (
    PARTITION BY has_cell, whose, fact, year, thing, subject_scope, cell_base, cell_span
    ORDER BY ends(as_at) DESC NULLS LAST, rank, ends(stated_on) DESC NULLS LAST, place DESC
);

CREATE OR REPLACE TABLE chosen AS SELECT * FROM standing_statement WHERE taken = event_id;

CREATE OR REPLACE VIEW statement AS
SELECT
    said.event_id,
    said.event_id IN (SELECT event_id FROM chosen) AS chosen,
    CASE
        WHEN said.fate = 'retracted' THEN concat_ws(': ', 'retracted by ' || said.by_event, said.why)
        WHEN said.fate = 'corrected' THEN concat_ws(': ', 'corrected by ' || said.by_event, said.why)
        WHEN said.fate = 'waiting' THEN 'waits for ' || said.by_event || ', which it corrects'
        WHEN said.fate = 'other_area' THEN 'names another area than ' || said.by_event || ', which it would correct'
        WHEN repeats <> said.event_id THEN 'says the same as ' || repeats
        WHEN stands_now <> said.event_id THEN 'replaced by other figures in ' || stands_now
        WHEN mine.taken = said.event_id THEN NULL
        WHEN ends(mine.as_at) IS DISTINCT FROM ends(best.as_at) THEN 'counted earlier than ' || best.event_id
        WHEN mine.rank <> best.rank THEN 'its source ranks below that of ' || best.event_id
        WHEN ends(mine.stated_on) IS DISTINCT FROM ends(best.stated_on) THEN 'stated earlier than ' || best.event_id
        ELSE 'recorded earlier than ' || best.event_id
    END AS why_not
FROM said
LEFT JOIN under_key ON under_key.event_id = said.event_id
LEFT JOIN standing_statement AS mine ON mine.event_id = said.event_id
LEFT JOIN standing_statement AS best ON best.event_id = mine.taken;
