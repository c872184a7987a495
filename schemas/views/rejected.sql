-- A row for everything that was refused: of what somebody sent a row, or all of it where it could not be read; of those who
-- produce to the log themselves a record. An event that has come in under the id since has mended it, and so has a sheet of
-- its one row, which is called by the reject.
WITH
refused AS (
    SELECT
        event_id, recorded AS received, sender, via,
        CASE WHEN receipt_row IS NULL THEN 'the whole content' ELSE 'row ' || receipt_row END AS position,
        field, reason, remedy, bytes, reject, receipt, receipt_row, name, event_type, problems,
        -- Of a record of the log there is no telling what was there before it.
        true AS is_of_the_door,
        -- What was refused of such a sheet is mended with the row that the sheet was made of.
        CASE WHEN name LIKE 'reject %' THEN name ELSE 'reject ' || reject END AS sheet
    FROM reject
    UNION ALL
    SELECT
        coalesce(event_id, record_field(topic, arrow_cast(bytes, 'Binary'), 'event_id')) AS event_id,
        received, sender,
        coalesce(via, 'kafka') AS via,
        topic || '/' || log_partition || '/' || log_offset AS position,
        field, reason, remedy,
        record_text(topic, arrow_cast(bytes, 'Binary')) AS bytes,
        -- A position is one record's only in its cluster and life of the log.
        key_of(log_cluster, log_generation, topic, log_partition, log_offset) AS reject,
        receipt, receipt_row,
        CAST(NULL AS VARCHAR) AS name,
        record_field(topic, arrow_cast(bytes, 'Binary'), 'event_type') AS event_type,
        CAST(NULL AS VARCHAR) AS problems,
        false AS is_of_the_door,
        CAST(NULL AS VARCHAR) AS sheet
    FROM outcome
    WHERE outcome = 'rejected'
),
known AS (
    SELECT event_id, recorded FROM recorded_statement
    UNION ALL
    SELECT event_id, recorded FROM recorded_recognition
    UNION ALL
    SELECT event_id, recorded FROM recorded_activity
    UNION ALL
    SELECT event_id, recorded FROM recorded_membership
    UNION ALL
    SELECT event_id, recorded FROM recorded_reference
),
-- What was sent without an id is mended under the id of the reject.
mended AS (
    SELECT event_id, max(recorded) AS recorded
    FROM known
    WHERE event_id IN (SELECT coalesce(event_id, reject) FROM refused)
    GROUP BY event_id
),
mended_sheet AS (
    SELECT DISTINCT name AS sheet
    FROM receipt
    WHERE name LIKE 'reject %' AND accepted > 0
)
SELECT
    refused.event_id, refused.received, refused.sender, refused.via, refused.position, refused.field, refused.reason,
    refused.remedy, refused.bytes, refused.reject, refused.receipt, refused.receipt_row, refused.name,
    refused.event_type, refused.problems,
    (
        -- What was there before it was refused has not mended it.
        (mended.event_id IS NOT NULL AND (NOT refused.is_of_the_door OR mended.recorded >= refused.received))
        OR (refused.event_id IS NULL AND mended_sheet.sheet IS NOT NULL)
    ) AS mended
FROM refused
LEFT JOIN mended ON mended.event_id = coalesce(refused.event_id, refused.reject)
LEFT JOIN mended_sheet ON mended_sheet.sheet = refused.sheet
