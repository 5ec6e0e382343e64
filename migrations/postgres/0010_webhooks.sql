-- Where owners want to be told what happened, and what is still to be told.

-- The address is sealed: it may hold a password. The secret before the present one signs, too,
-- until `old_until`.
CREATE TABLE webhooks (
    id          TEXT    PRIMARY KEY,
    owner_id    TEXT    NOT NULL REFERENCES users (id),
    sealed      BYTEA    NOT NULL,
    old_sealed  BYTEA,
    old_until   BIGINT,
    made_at     BIGINT NOT NULL,
    -- The first event that is told is the next one in the feed after this.
    from_position BIGINT NOT NULL,
    ended_at    BIGINT,
    told_at     BIGINT,
    failed_at   BIGINT,
    failed_why  TEXT
);
CREATE INDEX webhooks_of_owner ON webhooks (owner_id) WHERE ended_at IS NULL;

-- One row an event and endpoint, made when the event is filed.
CREATE TABLE webhook_messages (
    webhook_id TEXT    NOT NULL REFERENCES webhooks (id),
    event_id   TEXT    NOT NULL REFERENCES events (id),
    tries      BIGINT NOT NULL,
    -- When it is to be tried (again); none when it is dead. What was told is deleted.
    next_at    BIGINT,
    dead_at    BIGINT,
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX webhook_messages_due ON webhook_messages (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_messages_dead ON webhook_messages (webhook_id, dead_at) WHERE dead_at IS NOT NULL;
