-- Each list's counts are kept by the program, one change a transaction.
DROP TRIGGER target_insert;
DROP TRIGGER target_update;

-- What a dialing needs beyond its history stands apart, and only until its result
-- line is safe in the result file: the call's own copy of plan, destination and
-- target, as JSON. So this table holds just the dialings that are open, and those
-- whose lines are under way; the lines are made of it.
CREATE TABLE call_copy (
    dialing INTEGER PRIMARY KEY REFERENCES dialing (id),
    copy    TEXT NOT NULL
);
INSERT INTO call_copy SELECT id, call_copy FROM dialing WHERE tm_end IS NULL;
DROP INDEX dialing_open;
ALTER TABLE dialing DROP COLUMN call_copy;

-- result_outbox keeps what lines it has until they are delivered; no new ones come.
