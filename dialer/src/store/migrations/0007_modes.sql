-- How a plan calls as its agents can serve. Lines per agent and the share of abandoned
-- calls stand in hundredths.
ALTER TABLE plan ADD COLUMN lines_per_agent INTEGER NOT NULL DEFAULT 200;
ALTER TABLE plan ADD COLUMN abandon_target INTEGER NOT NULL DEFAULT 300;
ALTER TABLE plan ADD COLUMN abandon_after_ms INTEGER NOT NULL DEFAULT 2000;
ALTER TABLE plan ADD COLUMN safe_harbour BLOB;
ALTER TABLE plan ADD COLUMN min_ring_ms INTEGER NOT NULL DEFAULT 15000;
ALTER TABLE plan ADD COLUMN preview_timeout_s INTEGER NOT NULL DEFAULT 60;
ALTER TABLE plan ADD COLUMN amd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE plan ADD COLUMN amd_data TEXT;
ALTER TABLE plan ADD COLUMN machine_destination BLOB;
-- Retries after busy, no answer, congestion, machine, abandoned and failed, in this
-- order: each [delay in seconds or null, tries or null].
ALTER TABLE plan ADD COLUMN retries TEXT NOT NULL DEFAULT
    '[[null,null],[null,null],[null,null],[null,null],[259200,null],[null,null]]';

-- Calls that it can serve at a time.
ALTER TABLE destination ADD COLUMN capacity INTEGER;

-- Tries that ended as each kind of failure: ten bits each, the first kind lowest.
ALTER TABLE target ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;

-- Which queue it was sent into, and who took it; tm_abandoned: no agent was there in time.
ALTER TABLE dialing ADD COLUMN queue TEXT;
ALTER TABLE dialing ADD COLUMN agent TEXT;
ALTER TABLE dialing ADD COLUMN tm_connected INTEGER;
ALTER TABLE dialing ADD COLUMN tm_abandoned INTEGER;

-- What came of a campaign's calls; day counts from 1970-01-01.
CREATE TABLE ledger (
    campaign  BLOB    NOT NULL,
    day       INTEGER NOT NULL,
    dialed    INTEGER NOT NULL,
    answered  INTEGER NOT NULL,
    machines  INTEGER NOT NULL,
    abandoned INTEGER NOT NULL,
    PRIMARY KEY (campaign, day)
) WITHOUT ROWID;
