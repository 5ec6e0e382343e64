-- The end of a visit, and gates that are away while guests are expected.

-- For how long after the end of a code its guest, once inside, may still leave; a code keeps what
-- was set when it was made.
ALTER TABLE settings ADD COLUMN exit_grace_min INTEGER NOT NULL DEFAULT 0
    CHECK (exit_grace_min IN (0, 30, 120, 2880));
ALTER TABLE codes ADD COLUMN exit_grace_min INTEGER NOT NULL DEFAULT 0
    CHECK (exit_grace_min IN (0, 30, 120, 2880));

-- When it was told that a code ends soon while its guest is inside, and that it has ended: once
-- each, whatever dies meanwhile.
ALTER TABLE codes ADD COLUMN ending_told_at INTEGER;
ALTER TABLE codes ADD COLUMN overstay_told_at INTEGER;
-- What was over before there were such alerts is no news.
UPDATE codes SET ending_told_at = expires_at, overstay_told_at = expires_at
    WHERE entered_at IS NOT NULL AND left_at IS NULL
      AND (revoked_at IS NOT NULL OR expires_at <= (SELECT MAX(at) FROM events));
CREATE INDEX visits_to_watch ON codes (expires_at)
    WHERE entered_at IS NOT NULL AND left_at IS NULL AND overstay_told_at IS NULL;

-- From when on the absence of a gate is told; NULL while it is there. That is at once when it left,
-- and later when it is the service that lost sight of it.
ALTER TABLE gates ADD COLUMN missed_from INTEGER;
CREATE INDEX gates_away ON gates (missed_from) WHERE ready_at IS NULL;
CREATE INDEX settings_by_entry_gate ON settings (entry_gate_id);
CREATE INDEX settings_by_exit_gate ON settings (exit_gate_id);

-- The last time that an intercom's owner was told that a gate of its settings is away, and when
-- that it is back.
CREATE TABLE gate_alerts (
    intercom_id TEXT    NOT NULL REFERENCES devices (id),
    gate_id     TEXT    NOT NULL REFERENCES gates (id),
    told_at     INTEGER NOT NULL,
    back_at     INTEGER,
    PRIMARY KEY (intercom_id, gate_id)
) STRICT;
CREATE INDEX gates_told_away ON gate_alerts (gate_id) WHERE back_at IS NULL;
