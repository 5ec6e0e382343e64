-- Who asked for an attempt, and what `flussd explain` tells of it; the latter is written in
-- transactions that happen anyway.

-- On whose word: the guest's by the digits, the host's, or the host's to let out who is inside
-- with a code that has ended. No revoke stops the last.
ALTER TABLE attempts ADD COLUMN asked_by TEXT NOT NULL DEFAULT 'guest'
    CHECK (asked_by IN ('guest', 'host', 'host_despite_end'));

-- How the gate's word on a command came: as its report, or in the ledger of a later ready.
ALTER TABLE attempts ADD COLUMN settled_by TEXT CHECK (settled_by IN ('report', 'ledger'));
-- When the way to the gate was first cut while the command was open, and at which end: the bridge
-- started or lost the broker, or the gate left or said hello anew.
ALTER TABLE attempts ADD COLUMN cut_at INTEGER;
ALTER TABLE attempts ADD COLUMN cut_by TEXT CHECK (cut_by IN ('bridge', 'gate'));

-- The last tap that was refused, with the word of the refusal: one a code, however often.
ALTER TABLE codes ADD COLUMN refused_at INTEGER;
ALTER TABLE codes ADD COLUMN refused_leg TEXT CHECK (refused_leg IN ('entry', 'exit'));
ALTER TABLE codes ADD COLUMN refused_why TEXT;
