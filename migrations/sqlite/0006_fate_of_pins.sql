-- What became of login pins: by it each channel is judged, and which way the next pin goes.

-- Made anew, because a table cannot be given a primary key afterwards.
ALTER TABLE pins_sent RENAME TO pins_sent_before;
DROP INDEX pins_sent_by_phone;

-- Pins that were handed to a courier. `answered_at` is the login that followed, whichever pin it
-- was; `verified_at` says that it was this one.
CREATE TABLE pins_sent (
    id             TEXT    PRIMARY KEY,
    phone_digest   BLOB    NOT NULL,
    at             INTEGER NOT NULL,
    -- NULL for pins from before this column.
    channel        TEXT    CHECK (channel IN ('whatsapp', 'sms')),
    -- The digest of the id that the provider gave the message: in WhatsApp's the number can be read.
    message_digest BLOB,
    accepted_at    INTEGER,
    delivered_at   INTEGER,
    -- Before it was accepted: it was not sent; `silence`: nobody knows. Afterwards: it was lost.
    failed_at      INTEGER,
    failed_why     TEXT    CHECK (failed_why IN ('channel', 'number', 'silence')),
    answered_at    INTEGER,
    verified_at    INTEGER,
    CHECK ((failed_at IS NULL) = (failed_why IS NULL)),
    CHECK (accepted_at IS NULL OR failed_why IS NULL OR failed_why <> 'silence')
) STRICT;
INSERT INTO pins_sent (id, phone_digest, at, answered_at)
    SELECT 'pin_0000000000'
               || substr(CAST(10000000000000000 + row_number() OVER (ORDER BY at) AS TEXT), 2),
           phone_digest, at, answered_at
    FROM pins_sent_before;
DROP TABLE pins_sent_before;
CREATE INDEX pins_sent_by_phone ON pins_sent (phone_digest, at);
CREATE INDEX pins_sent_by_channel ON pins_sent (channel, at);
CREATE INDEX pins_delivered ON pins_sent (channel, at) WHERE delivered_at IS NOT NULL;
CREATE UNIQUE INDEX one_pin_a_message ON pins_sent (channel, message_digest);

-- The pin that can be typed now.
ALTER TABLE logins ADD COLUMN pin_id TEXT;

-- When a pin last found out whether a channel works again: of many at once only one may.
CREATE TABLE channel_probes (
    channel TEXT    PRIMARY KEY CHECK (channel IN ('whatsapp', 'sms')),
    at      INTEGER NOT NULL
) STRICT;
