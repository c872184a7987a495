-- A row for every aggregate fact with how it was judged: what its cell is, whether it is in force and chosen, and why.
-- Behind the view `statement`, and behind those that hold one statement against another.
-- What is compared is kept narrow, and what was said is joined to it at the end: sorting carries every column along.
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
),
keyed AS (
    SELECT
        -- A view of a text would hold on to all that was read beside it.
        arrow_cast(event_id, 'Utf8') AS event_id,
        recorded, log_generation, log_partition, log_offset, fate, by_event, fate_reason, stands, figures,
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
),
-- Other figures than the last ones under the key are news and replace them, the same figures only repeat them: 100,
-- 110, 100 is two corrections. Events that were corrected or taken back by id take no part.
compared AS (
    SELECT
        *,
        figures IS DISTINCT FROM lag(figures) OVER under_key AS is_news,
        -- What was taken back was never said; what was corrected was.
        min(CASE WHEN fate IS NULL OR fate = 'corrected' THEN recorded END) OVER (PARTITION BY told) AS first_recorded
    FROM keyed
    WINDOW under_key AS (
        PARTITION BY natural_key, stands ORDER BY recorded, log_generation, log_partition, log_offset
    )
),
settled AS (
    SELECT
        *,
        last_value(CASE WHEN is_news THEN event_id END) IGNORE NULLS OVER so_far AS repeated_event,
        last_value(CASE WHEN is_news THEN event_id END) IGNORE NULLS OVER in_the_end AS standing_event,
        first_value(event_id) OVER so_far AS first_event
    FROM compared
    WINDOW so_far AS (
        PARTITION BY natural_key, stands ORDER BY recorded, log_generation, log_partition, log_offset
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ),
    in_the_end AS (
        PARTITION BY natural_key, stands ORDER BY recorded, log_generation, log_partition, log_offset
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),
in_effect AS (
    SELECT *, stands AND event_id = standing_event AS in_force
    FROM settled
),
-- Of several statements in force for one cell, the latest count comes first, then the source that ranks higher, then
-- what was stated last, then what was recorded last.
ranked AS (
    SELECT
        *,
        first_value(event_id) OVER best_first AS best_event,
        first_value(counted_on) OVER best_first AS best_counted_on,
        first_value(rank) OVER best_first AS best_rank,
        first_value(told_on) OVER best_first AS best_told_on,
        count(*) OVER (PARTITION BY cell, in_force, has_cell) - 1 AS others
    FROM in_effect
    WINDOW best_first AS (
        PARTITION BY cell, in_force, has_cell
        ORDER BY
            counted_on DESC NULLS LAST, rank, told_on DESC NULLS LAST,
            recorded DESC NULLS LAST, log_generation DESC, log_partition DESC, log_offset DESC
    )
),
judged AS (
    SELECT *, in_force AND (NOT has_cell OR event_id = best_event) AS chosen
    FROM ranked
)
SELECT
    ledger.*,
    coalesce(ledger.base, 'unknown') AS known_base,
    judged.has_cell, judged.in_force, judged.best_event, judged.chosen, judged.first_recorded,
    CASE
        WHEN fate = 'retracted' THEN concat_ws(': ', 'retracted by ' || by_event, fate_reason)
        WHEN fate = 'corrected' THEN concat_ws(': ', 'corrected by ' || by_event, fate_reason)
        WHEN fate = 'waiting' THEN 'waits for ' || by_event || ', which it corrects'
        WHEN fate = 'other_area' THEN 'names another area than ' || by_event || ', which it would correct'
        WHEN NOT is_news THEN 'says the same as ' || repeated_event
        WHEN NOT in_force THEN 'replaced by other figures in ' || standing_event
        WHEN NOT chosen THEN CASE
            WHEN counted_on IS DISTINCT FROM best_counted_on THEN 'counted earlier than ' || best_event
            WHEN rank <> best_rank THEN 'its source ranks below that of ' || best_event
            WHEN told_on IS DISTINCT FROM best_told_on THEN 'stated earlier than ' || best_event
            ELSE 'recorded earlier than ' || best_event
        END
        ELSE nullif(concat_ws(
            '; ',
            'corrects ' || ledger.supersedes,
            CASE WHEN first_event <> judged.event_id THEN 'replaces other figures of the same source' END,
            CASE WHEN has_cell AND others > 0 THEN
                'comes before ' || others || ' other by day of count, rank of source, day of statement, day of record'
            END
        ), '')
    END AS reason
FROM judged
JOIN ledger_statement AS ledger ON ledger.event_id = judged.event_id
