-- A row for every aggregate fact as it was said, superseded ones too: the columns of the form `statement`, and whether
-- answers take the figure (`chosen`) and why, or why not (`reason`).
SELECT
    source, stated_on, area_level, area_code, area_date, area_name, fact, measure, stage, subject_scope, period, as_at,
    span, base, numerator, numerator_precision, denominator, sessions, sessions_precision, printed_percent, plan, quote,
    source_kind, source_url, note, event_id, recorded, sender, chosen, reason
FROM judged_statement
