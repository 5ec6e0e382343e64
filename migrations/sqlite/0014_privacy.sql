-- Guests and people are forgotten in time, and the story of what happened stays whole; plans of
-- devices.

-- What an entry says of a guest without telling it: a salted commitment to name and number. Entries
-- from before this column have none, and their links are made without it.
ALTER TABLE events ADD COLUMN commitment BLOB;

-- Since when a code has no guest, no digits and no link any more. In place of what was sealed and of
-- digests there is nothing; where digests are unique, the id.
ALTER TABLE codes ADD COLUMN erased_at INTEGER CHECK (erased_at IS NULL OR ended_at IS NOT NULL);
CREATE INDEX codes_to_erase ON codes (COALESCE(ended_at, expires_at)) WHERE erased_at IS NULL;
CREATE INDEX codes_by_mobile ON codes (mobile_digest);

-- Since when an account has no number any more. Its id stays, because what it did names it.
ALTER TABLE users ADD COLUMN erased_at INTEGER;

-- What a device is used for, where its owner has said it.
ALTER TABLE devices ADD COLUMN plan TEXT CHECK (plan IN ('home', 'commercial'));
