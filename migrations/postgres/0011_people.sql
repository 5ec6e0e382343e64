-- People a device is shared with get types of access, times, names and notes; tenants get settings.

-- Until now everybody had access always.
ALTER TABLE shares ADD COLUMN access TEXT NOT NULL DEFAULT 'always'
    CHECK (access IN ('full', 'tenant', 'always', 'repeat', 'temporary'));
-- Repeat: days of the week as bits (Monday the lowest), and minutes since midnight by the clock on
-- the wall at the device.
ALTER TABLE shares ADD COLUMN days BIGINT CHECK (days BETWEEN 1 AND 127);
ALTER TABLE shares ADD COLUMN from_minute BIGINT CHECK (from_minute BETWEEN 0 AND 1439);
ALTER TABLE shares ADD COLUMN until_minute BIGINT CHECK (until_minute BETWEEN 0 AND 1439);
-- Temporary: from a moment until another.
ALTER TABLE shares ADD COLUMN from_at BIGINT;
ALTER TABLE shares ADD COLUMN until_at BIGINT CHECK (from_at < until_at);
-- Since when they may not open over Wi-Fi; NULL while they may.
ALTER TABLE shares ADD COLUMN wifi_off_at BIGINT;
-- Who invited them: a tenant sees and ends only their own.
ALTER TABLE shares ADD COLUMN invited_by TEXT REFERENCES users (id);
-- Their name and the notes about them, sealed, bound to the device and the user.
ALTER TABLE shares ADD COLUMN sealed BYTEA;
CREATE INDEX shares_by_inviter ON shares (device_id, invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX shares_by_user ON shares (user_id);

-- What all tenants of a device may do; no row until it was saved once.
CREATE TABLE tenant_settings (
    device_id       TEXT    PRIMARY KEY REFERENCES devices (id),
    longest_minutes BIGINT NOT NULL CHECK (longest_minutes BETWEEN 15 AND 4320),
    max_invitations BIGINT NOT NULL CHECK (max_invitations BETWEEN 1 AND 100),
    version         BIGINT NOT NULL,
    saved_at        BIGINT NOT NULL,
    saved_by        TEXT    NOT NULL REFERENCES users (id)
);
