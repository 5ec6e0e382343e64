-- Gates open without a code, too: for whoever may open them, from the app or by an API key.

-- What an owner's other systems show instead of a session: some verbs at some devices.
CREATE TABLE api_keys (
    id         TEXT    PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id),
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL UNIQUE,
    -- Words with spaces between them.
    verbs      TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    -- To the minute.
    used_at    INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_of_user ON api_keys (user_id) WHERE revoked_at IS NULL;

CREATE TABLE api_key_devices (
    key_id    TEXT NOT NULL REFERENCES api_keys (id),
    device_id TEXT NOT NULL REFERENCES devices (id),
    PRIMARY KEY (key_id, device_id)
) STRICT;
CREATE INDEX api_keys_of_device ON api_key_devices (device_id);

-- An attempt belongs to one way of a code, or to a person who pressed: made anew, because no
-- column of a table can be freed from NOT NULL in SQLite.
CREATE TABLE attempts_anew (
    id          TEXT    PRIMARY KEY,
    code_id     TEXT    REFERENCES codes (id),
    leg         TEXT    CHECK (leg IN ('entry', 'exit')),
    -- On whose word the way of the code was asked for.
    asked_by    TEXT    CHECK (asked_by IN ('guest', 'host', 'host_despite_end')),
    -- Who pressed, and the key that did it for them.
    opened_by   TEXT    REFERENCES users (id),
    api_key_id  TEXT    REFERENCES api_keys (id),
    request_key TEXT    NOT NULL,
    gate_id     TEXT    NOT NULL REFERENCES gates (id),
    epoch       INTEGER NOT NULL,
    reserved_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'executed', 'not_executed')),
    sent_at     INTEGER,
    asked_at    INTEGER,
    settled_at  INTEGER,
    settled_by  TEXT    CHECK (settled_by IN ('report', 'ledger')),
    why         TEXT,
    cut_at      INTEGER,
    cut_by      TEXT    CHECK (cut_by IN ('bridge', 'gate')),
    CHECK ((code_id IS NULL) = (leg IS NULL)),
    CHECK ((code_id IS NULL) = (asked_by IS NULL)),
    CHECK ((code_id IS NULL) = (opened_by IS NOT NULL)),
    CHECK (api_key_id IS NULL OR opened_by IS NOT NULL),
    CHECK ((state IN ('executed', 'not_executed')) = (settled_at IS NOT NULL)),
    CHECK ((state = 'not_executed') = (why IS NOT NULL))
) STRICT;
INSERT INTO attempts_anew (id, code_id, leg, asked_by, request_key, gate_id, epoch, reserved_at,
                           deadline_at, state, sent_at, asked_at, settled_at, settled_by, why,
                           cut_at, cut_by)
    SELECT id, code_id, leg, asked_by, request_key, gate_id, epoch, reserved_at,
           deadline_at, state, sent_at, asked_at, settled_at, settled_by, why,
           cut_at, cut_by FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_anew RENAME TO attempts;

-- A leg is under way or used at most once.
CREATE UNIQUE INDEX one_command_a_leg ON attempts (code_id, leg) WHERE state <> 'not_executed';
CREATE UNIQUE INDEX one_attempt_a_request ON attempts (code_id, leg, request_key);
CREATE UNIQUE INDEX one_attempt_a_press ON attempts (gate_id, opened_by, request_key)
    WHERE opened_by IS NOT NULL;
CREATE INDEX unsettled_attempts ON attempts (gate_id, state) WHERE state IN ('pending', 'sent');
CREATE INDEX presses ON attempts (gate_id, opened_by, reserved_at) WHERE opened_by IS NOT NULL;
