-- The story of what happened becomes a feed that misses nothing, and chains that show each change.

-- Who did it, if it was somebody signed in; `user_id` is whom it concerns.
ALTER TABLE events ADD COLUMN actor_id TEXT;
UPDATE events SET actor_id = user_id WHERE kind NOT LIKE 'grant.%';
UPDATE events SET user_id = NULL WHERE kind NOT LIKE 'grant.%' AND kind NOT LIKE 'session.%';
-- The intercom whose story it belongs to, if any.
ALTER TABLE events ADD COLUMN intercom_id TEXT;
UPDATE events SET intercom_id = COALESCE(
    (SELECT intercom_id FROM codes WHERE codes.id = events.code_id),
    (SELECT id FROM devices WHERE devices.id = events.device_id AND kind = 'intercom'));

-- An event is filed after it was committed, one by one: `position` is its place in the feed, after
-- all that were filed before; `entry` and `link` are its place and its link in its chain.
ALTER TABLE events ADD COLUMN position BIGINT;
ALTER TABLE events ADD COLUMN entry BIGINT;
ALTER TABLE events ADD COLUMN link BYTEA;
CREATE UNIQUE INDEX events_by_position ON events (position);
CREATE INDEX events_to_file ON events (at, id) WHERE position IS NULL;
CREATE INDEX events_of_device ON events (device_id, position);
CREATE INDEX events_of_intercom ON events (intercom_id, position);
-- The order of a chain; what belongs to no intercom is one, too.
CREATE UNIQUE INDEX events_of_chain ON events (COALESCE(intercom_id, ''), entry);
-- Who gave a device away does not own it any more, and is to know.
CREATE INDEX events_of_givers ON events (actor_id, position) WHERE kind = 'owner.transferred';
CREATE INDEX events_of_user ON events (user_id, position);

-- The last position that was given. Its row is the lock of whoever files.
CREATE TABLE filed (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);
INSERT INTO filed (id, last) VALUES (1, 0);

-- How far each chain has come: one an intercom, and one (of the id '') for all else.
CREATE TABLE chains (
    intercom_id TEXT    PRIMARY KEY,
    entries     BIGINT NOT NULL,
    head        BYTEA    NOT NULL
);

-- How far a chain had come at a moment, signed by the service.
CREATE TABLE checkpoints (
    intercom_id TEXT    NOT NULL,
    entries     BIGINT NOT NULL CHECK (entries > 0),
    head        BYTEA    NOT NULL,
    at          BIGINT NOT NULL,
    kid         TEXT    NOT NULL,
    sig         TEXT    NOT NULL,
    PRIMARY KEY (intercom_id, entries)
);
