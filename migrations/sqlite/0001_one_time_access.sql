-- Everything that one-time access keeps. Times are ms since 1970 UTC; a moment that is NULL has
-- not come. What identifies or admits a person is sealed (AES-256-GCM) or a digest; the keys are
-- not in this database.

-- Sealed at the first start: tells at each later one whether the keys are those of this database.
CREATE TABLE key_check (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB    NOT NULL
) STRICT;

CREATE TABLE users (
    id           TEXT    PRIMARY KEY,
    phone_digest BLOB    NOT NULL UNIQUE,
    phone_sealed BLOB    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

-- One row a login under way. The id is the digest of the token that its asker holds.
CREATE TABLE logins (
    id           BLOB    PRIMARY KEY,
    phone_digest BLOB    NOT NULL,
    phone_sealed BLOB    NOT NULL,
    client       TEXT    NOT NULL CHECK (client IN ('app', 'dashboard')),
    otp_digest   BLOB,
    tries        INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX logins_by_phone ON logins (phone_digest) WHERE ended_at IS NULL;

-- Pins that went out; `answered_at` is the login that followed.
CREATE TABLE pins_sent (
    phone_digest BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    answered_at  INTEGER
) STRICT;
CREATE INDEX pins_sent_by_phone ON pins_sent (phone_digest, at);

-- Wrong pins of a number, across logins and restarts.
CREATE TABLE phone_failures (
    phone_digest BLOB    PRIMARY KEY,
    in_a_row     INTEGER NOT NULL,
    wait_until   INTEGER
) STRICT;

CREATE TABLE sessions (
    id           TEXT    PRIMARY KEY,
    user_id      TEXT    NOT NULL REFERENCES users (id),
    token_digest BLOB    NOT NULL UNIQUE,
    client       TEXT    NOT NULL CHECK (client IN ('app', 'dashboard')),
    started_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at     INTEGER,
    displaced_by TEXT    CHECK (displaced_by IN ('app', 'dashboard'))
) STRICT;
-- Each phone number has one active session.
CREATE UNIQUE INDEX one_session_a_user ON sessions (user_id) WHERE ended_at IS NULL;

-- Gates and intercoms. An intercom is a printed board: a record and a board token.
CREATE TABLE devices (
    id           TEXT    PRIMARY KEY,
    kind         TEXT    NOT NULL CHECK (kind IN ('gate', 'intercom')),
    serial       TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    time_zone    TEXT    NOT NULL,
    claim_digest BLOB    NOT NULL UNIQUE,
    board_token  TEXT    UNIQUE,
    owner_id     TEXT    REFERENCES users (id),
    made_at      INTEGER NOT NULL,
    claimed_at   INTEGER,
    CHECK ((kind = 'intercom') = (board_token IS NOT NULL)),
    CHECK ((owner_id IS NULL) = (claimed_at IS NULL))
) STRICT;
CREATE INDEX devices_by_owner ON devices (owner_id);

-- A gate's conversation with the service (domain/src/gate.rs).
CREATE TABLE gates (
    id            TEXT    PRIMARY KEY REFERENCES devices (id),
    secret_digest BLOB    NOT NULL,
    enrolled_at   INTEGER,
    epoch         INTEGER NOT NULL,
    hello_nonce   BLOB,
    hello_at      INTEGER NOT NULL,
    ready_at      INTEGER,
    firmware      TEXT    NOT NULL
) STRICT;

-- Whose client certificate it is, by SHA-256 of its DER. No gate: the service's own.
CREATE TABLE certificates (
    fingerprint BLOB    PRIMARY KEY,
    gate_id     TEXT    REFERENCES gates (id),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX certificates_by_gate ON certificates (gate_id);

CREATE TABLE shares (
    device_id          TEXT    NOT NULL REFERENCES devices (id),
    user_id            TEXT    NOT NULL REFERENCES users (id),
    shared_at          INTEGER NOT NULL,
    one_time_access_at INTEGER,
    PRIMARY KEY (device_id, user_id)
) STRICT;

-- One-time access settings of an intercom; no row until they were saved once.
CREATE TABLE settings (
    intercom_id    TEXT    PRIMARY KEY REFERENCES devices (id),
    entry_gate_id  TEXT    NOT NULL REFERENCES gates (id),
    exit_gate_id   TEXT    REFERENCES gates (id),
    max_users      INTEGER NOT NULL CHECK (max_users IN (1, 2, 5, 10, 25, 50)),
    duration_hours INTEGER NOT NULL CHECK (duration_hours BETWEEN 1 AND 24),
    version        INTEGER NOT NULL,
    saved_at       INTEGER NOT NULL,
    saved_by       TEXT    NOT NULL REFERENCES users (id)
) STRICT;

CREATE TABLE codes (
    id               TEXT    PRIMARY KEY,
    intercom_id      TEXT    NOT NULL REFERENCES devices (id),
    issued_by        TEXT    NOT NULL REFERENCES users (id),
    sealed           BLOB    NOT NULL,
    passcode_digest  BLOB    NOT NULL,
    link_digest      BLOB    NOT NULL UNIQUE,
    reference_digest BLOB    NOT NULL UNIQUE,
    mobile_digest    BLOB    NOT NULL,
    issued_at        INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    limit_at_issue   INTEGER NOT NULL,
    wrong_tries      INTEGER NOT NULL,
    wait_until       INTEGER,
    locked_at        INTEGER,
    entry_attempt    TEXT,
    entered_at       INTEGER,
    exit_attempt     TEXT,
    left_at          INTEGER,
    revoked_at       INTEGER,
    revoked_by       TEXT    REFERENCES users (id),
    effective_at     INTEGER,
    -- When it stopped holding its digits: revoked, completed, or seen to have expired.
    ended_at         INTEGER,
    CHECK ((revoked_at IS NULL) = (effective_at IS NULL)),
    CHECK (left_at IS NULL OR entered_at IS NOT NULL),
    CHECK (entered_at IS NULL OR entry_attempt IS NOT NULL),
    CHECK (left_at IS NULL OR exit_attempt IS NOT NULL)
) STRICT;
CREATE INDEX codes_by_intercom ON codes (intercom_id, expires_at);
-- The digits are unique among the codes of an intercom that have not ended.
CREATE UNIQUE INDEX digits_of_live_codes ON codes (intercom_id, passcode_digest)
    WHERE ended_at IS NULL;

-- One command a row; its id is the command's id at the gate. Also the outbox: the bridge reads
-- what is due from `state`, never from the order of ids.
CREATE TABLE attempts (
    id            TEXT    PRIMARY KEY,
    code_id       TEXT    NOT NULL REFERENCES codes (id),
    leg           TEXT    NOT NULL CHECK (leg IN ('entry', 'exit')),
    request_key   TEXT    NOT NULL,
    gate_id       TEXT    NOT NULL REFERENCES gates (id),
    epoch         INTEGER NOT NULL,
    reserved_at   INTEGER NOT NULL,
    deadline_at   INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'executed', 'not_executed')),
    sent_at       INTEGER,
    -- When the gate was last asked about it (cancel or query).
    asked_at      INTEGER,
    settled_at    INTEGER,
    why           TEXT,
    CHECK ((state IN ('executed', 'not_executed')) = (settled_at IS NOT NULL)),
    CHECK ((state = 'not_executed') = (why IS NOT NULL))
) STRICT;
-- A leg is under way or used at most once.
CREATE UNIQUE INDEX one_command_a_leg ON attempts (code_id, leg) WHERE state <> 'not_executed';
CREATE UNIQUE INDEX one_attempt_a_request ON attempts (code_id, leg, request_key);
CREATE INDEX unsettled_attempts ON attempts (gate_id, state) WHERE state IN ('pending', 'sent');

-- What was answered to a request with this Idempotency-Key.
CREATE TABLE issue_requests (
    user_id     TEXT    NOT NULL REFERENCES users (id),
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    code_id     TEXT    NOT NULL REFERENCES codes (id),
    at          INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT;

-- What happened, written in the transaction that made it true. Ids of things, no personal data.
CREATE TABLE events (
    id          TEXT    PRIMARY KEY,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    user_id     TEXT,
    device_id   TEXT,
    code_id     TEXT,
    attempt_id  TEXT
) STRICT;
CREATE INDEX events_by_code ON events (code_id);
