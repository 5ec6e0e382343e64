-- What login pins cost and whom they concern, so that nobody earns by having them sent; and the
-- numbers that are sent pins though their country is blocked.

-- One row a pin that went out, kept as long as a country's record reaches back. Whom it concerns
-- is there only to be counted: the number, the number without its last four digits, and the
-- address (of IPv6 its /64) are keyed digests.
CREATE TABLE pin_spending (
    phone_digest   BYTEA   NOT NULL,
    prefix_digest  BYTEA   NOT NULL,
    network_digest BYTEA   NOT NULL,
    -- ISO 3166 letters, or a calling code with its plus where it belongs to no country.
    country        TEXT    NOT NULL,
    -- In millionths of the currency that the settings count in.
    price          BIGINT  NOT NULL,
    at             BIGINT  NOT NULL,
    -- When somebody signed in with that number.
    verified_at    BIGINT
);
CREATE INDEX pin_spending_by_phone ON pin_spending (phone_digest, at);
CREATE INDEX pin_spending_by_prefix ON pin_spending (prefix_digest, at);
CREATE INDEX pin_spending_by_network ON pin_spending (network_digest, at);
CREATE INDEX pin_spending_by_country ON pin_spending (country, at, verified_at);
CREATE INDEX pin_spending_by_time ON pin_spending (at, price);

-- Its one row is the lock of all budgets: whoever wants to spend writes it first.
CREATE TABLE pin_purse (
    id BIGINT PRIMARY KEY CHECK (id = 1)
);
INSERT INTO pin_purse (id) VALUES (1);

-- Numbers that are sent pins though their country is blocked. Number, reason and name of who
-- allowed it are sealed; a row stays as a record when it has ended.
CREATE TABLE country_exceptions (
    id           TEXT    PRIMARY KEY,
    phone_digest BYTEA   NOT NULL,
    sealed       BYTEA   NOT NULL,
    until_at     BIGINT  NOT NULL,
    allowed_at   BIGINT  NOT NULL,
    revoked_at   BIGINT
);
CREATE UNIQUE INDEX one_exception_a_number ON country_exceptions (phone_digest)
    WHERE revoked_at IS NULL;

-- Which exception an event is about.
ALTER TABLE events ADD COLUMN exception_id TEXT;
