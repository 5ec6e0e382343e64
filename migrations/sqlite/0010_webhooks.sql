-- Where owners want to be told what happened, and what is still to be told.

-- The address is sealed: it may hold a password. The secret before the present one signs, too,
-- until `old_until`.
CREATE TABLE webhooks (
    id          TEXT    PRIMARY KEY,
    owner_id    TEXT    NOT NULL REFERENCES users (id),
    sealed      BLOB    NOT NULL,
    old_sealed  BLOB,
    old_until   INTEGER,
    made_at     INTEGER NOT NULL,
    -- The first event that is told is the next one in the feed after this.
    from_position INTEGER NOT NULL,
    ended_at    INTEGER,
    told_at     INTEGER,
    failed_at   INTEGER,
    failed_why  TEXT
) STRICT;
CREATE INDEX webhooks_of_owner ON webhooks (owner_id) WHERE ended_at IS NULL;

-- One row an event and endpoint, made when the event is filed.
CREATE TABLE webhook_messages (
    webhook_id TEXT    NOT NULL REFERENCES webhooks (id),
    event_id   TEXT    NOT NULL REFERENCES events (id),
    tries      INTEGER NOT NULL,
    -- When it is to be tried (again); none when it is dead. What was told is deleted.
    next_at    INTEGER,
    dead_at    INTEGER,
    PRIMARY KEY (webhook_id, event_id)
) STRICT;
CREATE INDEX webhook_messages_due ON webhook_messages (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_messages_dead ON webhook_messages (webhook_id, dead_at) WHERE dead_at IS NOT NULL;
