-- A row for every aggregate fact with how it was judged: what its cell is, whether it is in force and chosen, and why.
-- Behind the view `statement`, and behind those that hold one statement against another.
-- What is compared is narrow (`keyed_statement`), and what was said is joined to it at the end: sorting carries every
-- column along.
WITH
-- Other figures than the last ones under the key are news and replace them, the same figures only repeat them: 100,
-- 110, 100 is two corrections. Events that were corrected or taken back by id take no part.
compared AS (
    SELECT
        *,
        figures IS DISTINCT FROM lag(figures) OVER under_key AS is_news,
        -- What was taken back was never said; what was corrected was.
        min(CASE WHEN fate IS NULL OR fate = 'corrected' THEN recorded END) OVER (PARTITION BY told) AS first_recorded
    FROM keyed_statement
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
