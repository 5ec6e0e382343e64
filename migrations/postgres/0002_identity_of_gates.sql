-- A gate's identity over its life: certificates that are renewed and revoked, hardware that is
-- replaced, and keys that two seem to hold.

-- When the broker first saw it: the older certificates of its gate end then, and not before.
ALTER TABLE certificates ADD COLUMN used_at BIGINT;
-- Its X.509 serial number, by which a list of revoked certificates names it.
ALTER TABLE certificates ADD COLUMN serial BYTEA;
-- Those from before this column are in use: each is the only one of its gate that holds.
UPDATE certificates SET used_at = issued_at;

-- Set while the gate is barred because two hold its key; its certificates are kept.
ALTER TABLE gates ADD COLUMN quarantined_at BIGINT;
-- Set while it has no certificate, because all were revoked; its next enrolment ends it.
ALTER TABLE gates ADD COLUMN revoked_at BIGINT;
-- The first epoch of the hardware that is there now: what its ledger lacks from before proves
-- nothing.
ALTER TABLE gates ADD COLUMN hardware_since BIGINT NOT NULL DEFAULT 0;

-- The broker asks twice a second which certificates have just ended.
CREATE INDEX certificates_by_revocation ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificates_by_end ON certificates (expires_at);
CREATE INDEX gates_by_quarantine ON gates (quarantined_at) WHERE quarantined_at IS NOT NULL;
