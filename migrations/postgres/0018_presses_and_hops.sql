-- A press that another one had answered already leads to the same attempt when it is repeated, too.
CREATE TABLE press_repeats (
    gate_id     TEXT   NOT NULL REFERENCES gates (id),
    opened_by   TEXT   NOT NULL REFERENCES users (id),
    request_key TEXT   NOT NULL,
    attempt_id  TEXT   NOT NULL REFERENCES attempts (id),
    at          BIGINT NOT NULL,
    PRIMARY KEY (gate_id, opened_by, request_key)
);
CREATE INDEX old_press_repeats ON press_repeats (at);

-- What a gate was sent since an opening that it has not told of yet; ids begin with the moment at
-- which they were made.
CREATE INDEX attempts_of_gate ON attempts (gate_id, id);

-- When a gate first said the opposite of what it had said: told once, however often it is repeated.
ALTER TABLE attempts ADD COLUMN contradicted_at BIGINT;
UPDATE attempts SET contradicted_at = (
    SELECT MIN(at) FROM events WHERE attempt_id = attempts.id AND kind = 'attempt.contradicted')
    WHERE id IN (SELECT attempt_id FROM events WHERE kind = 'attempt.contradicted');

-- A gate that never said hello is missed since it was made.
UPDATE gates SET missed_from = hello_at WHERE missed_from IS NULL AND ready_at IS NULL;

-- Hops of an opening that only people ask about: handed to the connection with the broker; received
-- and pulsed, as the gate says.
ALTER TABLE attempts ADD COLUMN published_at BIGINT;
ALTER TABLE attempts ADD COLUMN received_at BIGINT;
ALTER TABLE attempts ADD COLUMN pulsed_at BIGINT;
