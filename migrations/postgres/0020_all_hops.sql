-- Hops that only people ask about: when the reservation is known to have been committed, when the
-- broker took the command, and when the sensor at the gate saw it move, or had waited in vain.
ALTER TABLE attempts ADD COLUMN committed_at BIGINT;
ALTER TABLE attempts ADD COLUMN taken_at BIGINT;
ALTER TABLE attempts ADD COLUMN moved_at BIGINT;
ALTER TABLE attempts ADD COLUMN still_at BIGINT;
