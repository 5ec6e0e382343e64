-- Each webhook is asked whether anything of its own is due, and for the oldest of that: a long
-- backlog of one costs the others nothing.
DROP INDEX webhook_messages_due;
CREATE INDEX webhook_messages_in_order ON webhook_messages (webhook_id, next_at, event_id)
    WHERE next_at IS NOT NULL;
