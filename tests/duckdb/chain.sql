-- What became of events that others correct or take back (decision 4), among those recorded by the day asked for.
-- Out: `fate`, a row for each event that is not in force; `seen`, the ids of events that the settings let be seen.

CREATE OR REPLACE TABLE event AS
SELECT
    family, event_id, supersedes, retracts, change_reason,
    -- Whose it is: one area through time, whichever code it is read by, or a printed name where there is no code. Of
    -- reference events, on which the areas rest, a code of a level.
    CASE
        WHEN area_code IS NULL AND family = 'reference' THEN ['name', '', area_name]
        WHEN area_code IS NULL THEN ['name', coalesce(area_level, ''), area_name]
        WHEN family = 'reference' THEN [area_level, area_code, '']
        WHEN series.series IS NULL THEN [area_level, area_code, coalesce(area_date::VARCHAR, '')]
        ELSE ['series', '', series.series::VARCHAR]
    END AS area,
    row_number() OVER (ORDER BY recorded, log_generation, log_partition, log_offset) AS place,
    -- A retraction without a date takes back our record, so it counts whatever the public had been told.
    stated_by IS NULL OR coalesce(ends(stated_on) <= stated_by, retracts IS NOT NULL) AS told
FROM (
    SELECT 'statement' AS family, * FROM ledger_statement
    UNION ALL BY NAME SELECT 'recognition' AS family, * FROM ledger_recognition
    UNION ALL BY NAME SELECT 'activity' AS family, * FROM ledger_activity
    UNION ALL BY NAME SELECT 'reference' AS family, * FROM ledger_reference
) AS said
LEFT JOIN area AS home
    ON (home.level, home.code) = (said.area_level, said.area_code) AND home.map = map_on(said.area_date)
LEFT JOIN series ON series.area = home.id
CROSS JOIN setting
WHERE as_of IS NULL OR recorded < as_of;

CREATE OR REPLACE TABLE taking_back AS
SELECT target.family, target.event_id, taker.event_id AS by_event, taker.place AS by_place, taker.told
FROM event AS taker
JOIN event AS target ON (target.family, target.event_id) = (taker.family, taker.retracts) AND target.area = taker.area;

-- A retraction that is itself taken back takes nothing back. Whether it is is known after as many rounds as there are
-- retractions of retractions; more change nothing.
CREATE OR REPLACE TABLE gone AS
WITH RECURSIVE judged AS (
    SELECT 0 AS round, family, event_id, false AS gone
    FROM (SELECT family, event_id FROM taking_back UNION SELECT family, by_event FROM taking_back)
    UNION ALL
    SELECT
        judged.round + 1, judged.family, judged.event_id,
        coalesce(bool_or(taking_back.told AND NOT taker.gone), false)
    FROM judged
    LEFT JOIN taking_back ON (taking_back.family, taking_back.event_id) = (judged.family, judged.event_id)
    LEFT JOIN judged AS taker ON (taker.family, taker.event_id) = (judged.family, taking_back.by_event)
    WHERE judged.round <= (SELECT count(*) FROM taking_back)
    GROUP BY judged.round, judged.family, judged.event_id
),
settled AS (SELECT * FROM judged QUALIFY round = max(round) OVER ())
SELECT settled.family, settled.event_id, min_by(by_event, by_place) AS by_event
FROM settled
JOIN taking_back USING (family, event_id)
JOIN settled AS taker ON (taker.family, taker.event_id) = (settled.family, taking_back.by_event) AND NOT taker.gone
WHERE settled.gone AND taking_back.told
GROUP BY ALL;

-- Every event that corrects nothing, with all that corrects it. `way` is the places of the corrections that lead there:
-- where two ways part the later one wins, and a correction wins over what it corrects.
CREATE OR REPLACE TABLE tree AS
WITH RECURSIVE tree AS (
    SELECT family, event_id AS root, event_id, area, []::BIGINT[] AS way FROM event WHERE supersedes IS NULL
    UNION ALL
    SELECT event.family, tree.root, event.event_id, event.area, list_append(tree.way, event.place)
    FROM tree
    JOIN event ON (event.family, event.supersedes) = (tree.family, tree.event_id) AND event.area = tree.area
)
SELECT * FROM tree;

CREATE OR REPLACE TABLE in_force AS
SELECT family, root, event_id
FROM tree
JOIN event USING (family, event_id)
ANTI JOIN gone USING (family, event_id)
WHERE told
QUALIFY row_number() OVER (PARTITION BY family, root ORDER BY way DESC) = 1;

CREATE OR REPLACE TABLE fate AS
WITH all_fates AS (
    SELECT family, event_id, 'retracted' AS fate, by_event FROM gone
    UNION ALL
    SELECT tree.family, tree.event_id, 'corrected', in_force.event_id
    FROM tree JOIN in_force USING (family, root)
    ANTI JOIN gone ON (gone.family, gone.event_id) = (tree.family, tree.event_id)
    WHERE tree.event_id <> in_force.event_id
    UNION ALL
    SELECT
        event.family, event.event_id,
        CASE WHEN target.area <> event.area THEN 'other_area' ELSE 'waiting' END, event.supersedes
    FROM event
    LEFT JOIN event AS target ON (target.family, target.event_id) = (event.family, event.supersedes)
    ANTI JOIN tree ON (tree.family, tree.event_id) = (event.family, event.event_id)
    ANTI JOIN gone ON (gone.family, gone.event_id) = (event.family, event.event_id)
)
SELECT all_fates.*, decider.change_reason AS why
FROM all_fates
LEFT JOIN event AS decider ON (decider.family, decider.event_id) = (all_fates.family, all_fates.by_event)
    AND all_fates.fate IN ('retracted', 'corrected');

CREATE OR REPLACE TABLE seen AS
SELECT event.family, event.event_id, event.place, fate.fate IS NULL AS stands, fate.fate, fate.by_event, fate.why
FROM event LEFT JOIN fate USING (family, event_id)
WHERE event.told;
