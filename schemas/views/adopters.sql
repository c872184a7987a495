-- A row for each area as its code is read on a day, title and year that individual subjects are known of, and for each
-- bucket of subjects: how many were recognised, how many of those for the first time, how many are in the year after as
-- well, and how many lost the title. A subject is in one bucket, so the rows add up.
WITH step AS (
    SELECT
        ledger.step, ledger.model, ledger.year, ledger.subject_token, ledger.recorded,
        ledger.log_generation, ledger.log_partition, ledger.log_offset,
        ledger.area_level, ledger.area_code, ledger.area_date
    FROM ledger_recognition AS ledger
    LEFT JOIN fate_recognition AS fate ON fate.event_id = ledger.event_id
    WHERE
        ledger.step IN ('recognised', 'upgraded', 'revoked') AND ledger.subject_token IS NOT NULL
        AND ledger.area_code IS NOT NULL AND fate.fate IS NULL
),
by_subject AS (
    SELECT
        model, subject_token, year,
        bool_or(step = 'revoked') AS revoked,
        last_value(area_level ORDER BY recorded, log_generation, log_partition, log_offset) AS area_level,
        last_value(area_code ORDER BY recorded, log_generation, log_partition, log_offset) AS area_code,
        last_value(area_date ORDER BY recorded, log_generation, log_partition, log_offset) AS area_date
    FROM step
    GROUP BY model, subject_token, year
),
walked AS (
    SELECT
        *,
        lag(year) OVER one_subject AS before,
        lead(year) OVER one_subject AS after
    FROM by_subject
    WINDOW one_subject AS (PARTITION BY model, subject_token, revoked ORDER BY year)
)
SELECT
    subject_bucket(subject_token) AS bucket, area_level, area_code, area_date, model, CAST(year AS BIGINT) AS year,
    sum(CASE WHEN revoked THEN 0 ELSE 1 END) AS recognised,
    sum(CASE WHEN NOT revoked AND before IS NULL THEN 1 ELSE 0 END) AS first_time,
    sum(CASE WHEN NOT revoked AND after = year + 1 THEN 1 ELSE 0 END) AS kept,
    sum(CASE WHEN revoked THEN 1 ELSE 0 END) AS revoked
FROM walked
GROUP BY 1, area_level, area_code, area_date, model, year
