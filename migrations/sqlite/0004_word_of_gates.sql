-- What the service must know of a gate to believe its word, and what it tells it of its motor.

-- The key that the certificate is for (SubjectPublicKeyInfo, DER): by it the gate signs what it
-- reports. Certificates from before this column have none, so a gate that holds one is not
-- believed, and cannot be opened, until it has renewed or a fresh label was printed for it.
-- Nothing that was sent to it is freed or used by that: its legs stay reserved.
ALTER TABLE certificates ADD COLUMN public_key BLOB;

-- The least time between two pulses as its installer set it, and as the welcome to its last hello
-- told it. Until now every gate kept 3 s.
ALTER TABLE gates ADD COLUMN pulse_gap_ms INTEGER NOT NULL DEFAULT 3000
    CHECK (pulse_gap_ms BETWEEN 3000 AND 60000);
ALTER TABLE gates ADD COLUMN told_gap_ms INTEGER NOT NULL DEFAULT 3000;
-- The bridge asks once a second which gates do not know it yet.
CREATE INDEX gates_to_tell ON gates (id) WHERE pulse_gap_ms <> told_gap_ms;
