-- A row for every aggregate fact with the natural key under which its source says it, and what is compared of it. Behind
-- `judged_statement`, which decides what is in force, and behind receipts, which say what a sheet has replaced.
-- What is compared is kept narrow: sorting carries every column along.
WITH
-- What was said. A retraction says nothing of the world: it only decides the fate of another event.
said AS (
    SELECT
        ledger.*,
        fate.fate,
        fate.by_event,
        fate.change_reason AS fate_reason,
        fate.fate IS NULL AS stands,
        area_key(ledger.area_level, ledger.area_code, ledger.area_date, ledger.area_name) AS area_key,
        -- A source that names no base and one whose base is unknown say the same.
        coalesce(ledger.base, 'unknown') AS known_base,
        key_of(
            ledger.numerator, ledger.numerator_precision, ledger.denominator, ledger.sessions,
            ledger.sessions_precision, ledger.printed_percent
        ) AS figures
    FROM ledger_statement AS ledger
    LEFT JOIN fate_statement AS fate ON fate.event_id = ledger.event_id
    WHERE ledger.fact IS NOT NULL
)
SELECT
    -- A view of a text would hold on to all that was read beside it.
    arrow_cast(event_id, 'Utf8') AS event_id,
    recorded, log_generation, log_partition, log_offset, fate, by_event, fate_reason, stands, figures, source,
    -- The natural key: under one key a source says one thing at a time. Pilots, examples and single occasions have
    -- no key beyond their whole content: a second seminar is another seminar.
    key_of(
        area_key, fact, measure, stage, subject_scope, known_base, period, span, as_at, plan, source,
        CASE WHEN fact IN ('pilot', 'exemplary') OR span = 'once' THEN key_of(figures, stated_on, quote) END
    ) AS natural_key,
    -- What an answer takes one of, whoever said it: the cell of an area, year, thing counted, scope and base.
    fact IN ('actual', 'target', 'denominator', 'activity') AND span IS DISTINCT FROM 'once' AS has_cell,
    key_of(
        area_key, fact, period_year(period), indicator_id(measure, stage), subject_scope,
        -- A target that states no base is read as a share of all.
        CASE WHEN fact = 'target' AND known_base = 'unknown' THEN 'all' ELSE known_base END,
        CASE WHEN fact = 'activity' THEN span END
    ) AS cell,
    -- By which word of it a return is in time: of an area, year and indicator, whatever scope and base.
    key_of(area_key, fact, period_year(period), indicator_id(measure, stage)) AS told,
    partial_last_day(as_at) AS counted_on,
    source_rank(source_kind) AS rank,
    partial_last_day(stated_on) AS told_on
FROM said
