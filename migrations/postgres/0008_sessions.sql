-- Sessions that the system ends or that are proved once more, numbers that change, and second
-- factors.

-- When the system ended it (`flussd sign-out`, a restore), and not its owner or a newer login.
ALTER TABLE sessions ADD COLUMN ended_by_system_at BIGINT;
-- When its owner last proved it by a fresh pin.
ALTER TABLE sessions ADD COLUMN stepped_up_at BIGINT;

-- Whether a session is its user's first.
CREATE INDEX sessions_by_user ON sessions (user_id);

-- What the pin is for. Only a sign-in makes a session; the others belong to the one that asked.
ALTER TABLE logins ADD COLUMN purpose TEXT NOT NULL DEFAULT 'sign_in'
    CHECK (purpose IN ('sign_in', 'step_up', 'new_number'));
ALTER TABLE logins ADD COLUMN session_id TEXT;
-- When the pin was right and did not suffice: the second factor is to follow.
ALTER TABLE logins ADD COLUMN proved_at BIGINT;

-- What an authenticator app shares with us: a sealed secret, used once its first code was right.
CREATE TABLE second_factors (
    user_id       TEXT    PRIMARY KEY REFERENCES users (id),
    secret_sealed BYTEA   NOT NULL,
    made_at       BIGINT NOT NULL,
    confirmed_at  BIGINT,
    -- The newest step (of 30 s) whose code was taken; none before it is taken again.
    last_step     BIGINT
);

-- Ten for each second factor, each good once in its place.
CREATE TABLE recovery_codes (
    user_id TEXT    NOT NULL REFERENCES users (id),
    digest  BYTEA   NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, digest)
);
