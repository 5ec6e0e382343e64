-- What somebody did, and which codes they made, is found without reading all of it: for an export of
-- what is kept about a person, and for an erasure.
CREATE INDEX events_by_actor ON events (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX codes_by_issuer ON codes (issued_by);
