-- Second factor, company sign-in, fresh authentication, extensions, emergency stop, portals' own keys.

-- The TOTP secret, sealed with a key that is not in this database; NULL until the second factor is set up.
ALTER TABLE staff ADD COLUMN totp_sealed TEXT;
ALTER TABLE staff ADD COLUMN totp_confirmed_at BIGINT;
-- Latest accepted time step (RFC 6238): a code is good once.
ALTER TABLE staff ADD COLUMN totp_last_step BIGINT NOT NULL DEFAULT 0;
-- `iss` and `sub` at the company's OpenID Connect provider, joined by a line feed.
ALTER TABLE staff ADD COLUMN external_subject TEXT;
CREATE UNIQUE INDEX staff_by_external_subject ON staff (external_subject) WHERE external_subject IS NOT NULL;

-- When the person last proved who they are, and how: `password`, `password_totp` or `openid_connect`.
ALTER TABLE authorization_codes ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE authorization_codes ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
ALTER TABLE token_families ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token_families ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
CREATE INDEX token_families_by_staff ON token_families (staff, started_at);
CREATE INDEX token_families_by_device ON token_families (device, started_at);

-- A sign-in that waits for the company's provider: found again by `state`, good once, minutes long.
CREATE TABLE provider_sign_ins (
    state_sha256   TEXT PRIMARY KEY,
    -- What has to be known when the browser comes back, sealed: redirect, challenge, nonce, verifier.
    sealed         TEXT NOT NULL,
    expires_at     BIGINT NOT NULL
);

ALTER TABLE devices ADD COLUMN last_seen_at BIGINT;
ALTER TABLE devices ADD COLUMN revoked_by TEXT;

-- Why somebody else ended it; `note` holds the agent's own closing words.
ALTER TABLE sessions ADD COLUMN end_reason TEXT;
ALTER TABLE sessions ADD COLUMN ended_by_staff TEXT;
ALTER TABLE sessions ADD COLUMN extensions BIGINT NOT NULL DEFAULT 0;
-- `signed_at` of the latest heartbeat that counted: an older one delivered late says nothing about now.
ALTER TABLE sessions ADD COLUMN beat_signed_at BIGINT NOT NULL DEFAULT 0;

-- Portals switched off while the server runs, beside what the configuration says.
CREATE TABLE disabled_portals (
    portal      TEXT PRIMARY KEY,
    reason      TEXT NOT NULL,
    disabled_at BIGINT NOT NULL
);

-- What a portal proves itself with when it asks about or ends its customers' sessions.
CREATE TABLE portal_keys (
    id           TEXT PRIMARY KEY,
    portal       TEXT NOT NULL,
    name         TEXT NOT NULL,
    key_sha256   TEXT NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

-- While one is in force every session ends and none begins.
CREATE TABLE emergency_stops (
    id         TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    -- NULL: the operator, at the server itself.
    stopped_by TEXT REFERENCES staff (id),
    stopped_at BIGINT NOT NULL,
    lifted_by  TEXT,
    lifted_at  BIGINT
);
CREATE UNIQUE INDEX emergency_stops_in_force ON emergency_stops ((1)) WHERE lifted_at IS NULL;
