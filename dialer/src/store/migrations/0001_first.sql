-- Times are nanoseconds since 1970, UTC. Identities are the 16 bytes of a UUID.

CREATE TABLE campaign (
    uuid                BLOB PRIMARY KEY NOT NULL,
    name                TEXT,
    detail              TEXT,
    status              INTEGER NOT NULL,
    plan                BLOB,
    dial_list           BLOB,
    destination         BLOB,
    sc_time_start       TEXT,
    sc_time_end         TEXT,
    sc_date_start       TEXT,
    sc_date_end         TEXT,
    sc_date_list        TEXT,
    sc_date_list_except TEXT,
    sc_day_list         TEXT,
    tm_create           INTEGER NOT NULL,
    tm_update           INTEGER,
    tm_delete           INTEGER
);

CREATE TABLE plan (
    uuid            BLOB PRIMARY KEY NOT NULL,
    name            TEXT,
    detail          TEXT,
    dial_mode       INTEGER NOT NULL,
    dial_timeout_ms INTEGER NOT NULL,
    caller_id       TEXT,
    dl_end_handle   INTEGER NOT NULL,
    retry_delay_s   INTEGER NOT NULL,
    trunk_name      TEXT,
    tech_name       TEXT,
    service_level   INTEGER NOT NULL,
    uui_field       TEXT,
    max_tries       TEXT NOT NULL,
    variables       TEXT NOT NULL,
    tm_create       INTEGER NOT NULL,
    tm_update       INTEGER,
    tm_delete       INTEGER
);

CREATE TABLE destination (
    uuid        BLOB PRIMARY KEY NOT NULL,
    name        TEXT,
    detail      TEXT,
    type        INTEGER NOT NULL,
    exten       TEXT,
    context     TEXT,
    priority    INTEGER,
    variables   TEXT NOT NULL,
    application TEXT,
    data        TEXT,
    tm_create   INTEGER NOT NULL,
    tm_update   INTEGER,
    tm_delete   INTEGER
);

-- The counts are of its targets that are not deleted, by state; kept by the
-- triggers below, so that a list's progress is one row's read.
CREATE TABLE dial_list (
    id        INTEGER PRIMARY KEY,
    uuid      BLOB NOT NULL UNIQUE,
    name      TEXT,
    detail    TEXT,
    variables TEXT NOT NULL,
    ready     INTEGER NOT NULL DEFAULT 0,
    waiting   INTEGER NOT NULL DEFAULT 0,
    dialing   INTEGER NOT NULL DEFAULT 0,
    done      INTEGER NOT NULL DEFAULT 0,
    tries     INTEGER NOT NULL DEFAULT 0,
    tm_create INTEGER NOT NULL,
    tm_update INTEGER,
    tm_delete INTEGER
);

-- id is also the place in the list: older first.
-- state: 0 ready, 1 waiting (until due), 2 dialing, 3 done (why: done_reason), 4 deleted.
CREATE TABLE target (
    id               INTEGER PRIMARY KEY,
    uuid             BLOB NOT NULL UNIQUE,
    dial_list        INTEGER NOT NULL REFERENCES dial_list (id),
    name             TEXT,
    detail           TEXT,
    ukey             TEXT,
    udata            TEXT,
    email            TEXT,
    variables        TEXT,
    number_1         TEXT,
    number_2         TEXT,
    number_3         TEXT,
    number_4         TEXT,
    number_5         TEXT,
    number_6         TEXT,
    number_7         TEXT,
    number_8         TEXT,
    tries_1          INTEGER NOT NULL DEFAULT 0,
    tries_2          INTEGER NOT NULL DEFAULT 0,
    tries_3          INTEGER NOT NULL DEFAULT 0,
    tries_4          INTEGER NOT NULL DEFAULT 0,
    tries_5          INTEGER NOT NULL DEFAULT 0,
    tries_6          INTEGER NOT NULL DEFAULT 0,
    tries_7          INTEGER NOT NULL DEFAULT 0,
    tries_8          INTEGER NOT NULL DEFAULT 0,
    tries            INTEGER NOT NULL DEFAULT 0,
    state            INTEGER NOT NULL,
    due              INTEGER,
    done_reason      INTEGER,
    dialing          BLOB,
    dialing_campaign BLOB,
    dialing_plan     BLOB,
    res_dial         INTEGER NOT NULL DEFAULT 0,
    res_hangup       INTEGER NOT NULL DEFAULT 0,
    res_hangup_detail TEXT,
    disposition      TEXT,
    tm_last_dial     INTEGER,
    tm_last_hangup   INTEGER,
    tm_create        INTEGER NOT NULL,
    tm_update        INTEGER,
    tm_delete        INTEGER
);

-- Deferred targets stand in an index of their own, so that however many of them
-- wait, the next one to dial is the first row of the other.
CREATE INDEX target_ready ON target (dial_list, tries, id) WHERE state = 0;
CREATE INDEX target_due ON target (dial_list, due) WHERE state = 1;
CREATE INDEX target_list ON target (dial_list, id) WHERE state < 4;

CREATE TRIGGER target_insert AFTER INSERT ON target BEGIN
    UPDATE dial_list SET
        ready   = ready   + (new.state = 0),
        waiting = waiting + (new.state = 1),
        dialing = dialing + (new.state = 2),
        done    = done    + (new.state = 3),
        tries   = tries   + new.tries
    WHERE id = new.dial_list;
END;

CREATE TRIGGER target_update AFTER UPDATE OF state, tries ON target
WHEN old.state <> new.state OR old.tries <> new.tries BEGIN
    UPDATE dial_list SET
        ready   = ready   + (new.state = 0) - (old.state = 0),
        waiting = waiting + (new.state = 1) - (old.state = 1),
        dialing = dialing + (new.state = 2) - (old.state = 2),
        done    = done    + (new.state = 3) - (old.state = 3),
        tries   = tries   + new.tries - old.tries
    WHERE id = new.dial_list;
END;

-- node names the Asterisk that claimed it. call_copy is the call's own copy of
-- plan, destination and target, as JSON; empty once the call is over.
CREATE TABLE dialing (
    id                INTEGER PRIMARY KEY,
    uuid              BLOB NOT NULL UNIQUE,
    node              TEXT NOT NULL,
    status            INTEGER NOT NULL,
    campaign          BLOB NOT NULL,
    plan              BLOB NOT NULL,
    dial_list         BLOB NOT NULL,
    destination       BLOB NOT NULL,
    target            BLOB NOT NULL,
    number_index      INTEGER NOT NULL,
    number            TEXT NOT NULL,
    try_count         INTEGER NOT NULL,
    caller_id         TEXT,
    other_channel     BLOB NOT NULL,
    channel_name      TEXT,
    res_dial          INTEGER NOT NULL DEFAULT 0,
    res_hangup        INTEGER NOT NULL DEFAULT 0,
    res_hangup_detail TEXT,
    tech_cause        INTEGER,
    amd_status        TEXT,
    amd_cause         TEXT,
    disposition       TEXT,
    tm_claim          INTEGER NOT NULL,
    tm_update         INTEGER,
    tm_begin          INTEGER,
    tm_dial_end       INTEGER,
    tm_end            INTEGER,
    call_copy         TEXT
);

CREATE INDEX dialing_open ON dialing (id) WHERE tm_end IS NULL;

-- Result lines that are not known to be safe in the result file.
CREATE TABLE result_outbox (
    dialing BLOB PRIMARY KEY NOT NULL,
    line    TEXT NOT NULL
) WITHOUT ROWID;
