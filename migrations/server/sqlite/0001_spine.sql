-- Times are milliseconds since 1970 in UTC, booleans 0 and 1, secrets never stand here but as SHA-256 in hex.

CREATE TABLE staff (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL,
    -- E-mail addresses compare without case.
    email_key     TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id            TEXT PRIMARY KEY,
    public_key    TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    registered_by TEXT NOT NULL REFERENCES staff (id),
    registered_at INTEGER NOT NULL,
    revoked_at    INTEGER
) STRICT;

CREATE TABLE authorization_codes (
    code_sha256    TEXT PRIMARY KEY,
    staff          TEXT NOT NULL REFERENCES staff (id),
    redirect_uri   TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    expires_at     INTEGER NOT NULL,
    -- The sign-in that this code was traded for; a second try ends it.
    family         TEXT
) STRICT;

-- One sign-in of one staff member on one device: what all its tokens hang on.
CREATE TABLE token_families (
    id         TEXT PRIMARY KEY,
    staff      TEXT NOT NULL REFERENCES staff (id),
    device     TEXT NOT NULL REFERENCES devices (id),
    started_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE refresh_tokens (
    token_sha256 TEXT PRIMARY KEY,
    family       TEXT NOT NULL REFERENCES token_families (id),
    expires_at   INTEGER NOT NULL,
    replaced_at  INTEGER
) STRICT;

CREATE TABLE access_tokens (
    token_sha256 TEXT PRIMARY KEY,
    family       TEXT NOT NULL REFERENCES token_families (id),
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id                TEXT PRIMARY KEY,
    code              TEXT NOT NULL UNIQUE,
    state             TEXT NOT NULL,
    slot              INTEGER NOT NULL,
    staff             TEXT NOT NULL REFERENCES staff (id),
    device            TEXT NOT NULL REFERENCES devices (id),
    portal            TEXT NOT NULL,
    customer          TEXT NOT NULL,
    -- The customer as the portal described them at the start, JSON.
    customer_json     TEXT NOT NULL,
    reason_code       TEXT NOT NULL,
    reason_text       TEXT NOT NULL,
    ticket            TEXT,
    mode              TEXT NOT NULL,
    policy_hash       TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    last_heartbeat_at INTEGER NOT NULL,
    last_input_at     INTEGER NOT NULL,
    -- When the portal last said that the customer is active.
    customer_checked_at INTEGER NOT NULL,
    frozen_at         INTEGER,
    grant_sha256      TEXT,
    grant_expires_at  INTEGER,
    cookie_sha256     TEXT UNIQUE,
    entered_at        INTEGER,
    ended_at          INTEGER,
    ended_by          TEXT,
    note              TEXT
) STRICT;

-- One running session per staff member and slot, held by the database itself.
CREATE UNIQUE INDEX sessions_running ON sessions (staff, slot) WHERE state IN ('active', 'frozen');
CREATE INDEX sessions_by_staff ON sessions (staff, created_at);
CREATE INDEX sessions_by_customer ON sessions (portal, customer, created_at);

CREATE TABLE idempotency_keys (
    staff        TEXT NOT NULL REFERENCES staff (id),
    route        TEXT NOT NULL,
    key          TEXT NOT NULL,
    body_sha256  TEXT NOT NULL,
    resource     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (staff, route, key)
) STRICT;

-- The audit log: what consoles delivered and what this server wrote. Positions follow the order of commits, because
-- there is one writer.
CREATE TABLE audit_events (
    position         INTEGER PRIMARY KEY AUTOINCREMENT,
    writer           TEXT NOT NULL,
    seq              INTEGER NOT NULL CHECK (seq > 0),
    id               TEXT NOT NULL UNIQUE,
    session          TEXT,
    occurred_at      INTEGER NOT NULL,
    monotonic_millis INTEGER NOT NULL,
    kind             TEXT NOT NULL,
    prev_hash        TEXT NOT NULL,
    commitment       TEXT NOT NULL,
    salt             TEXT NOT NULL,
    body             TEXT NOT NULL,
    hash             TEXT NOT NULL,
    received_at      INTEGER NOT NULL,
    -- Drawn from the body for searching; the body is what counts.
    staff            TEXT,
    customer         TEXT,
    portal           TEXT,
    device           TEXT,
    -- 1 on a page that the gateway let through as a document of its own.
    is_page          INTEGER NOT NULL CHECK (is_page IN (0, 1)),
    UNIQUE (writer, seq)
) STRICT;

CREATE INDEX audit_events_by_session ON audit_events (session, position);
CREATE INDEX audit_events_by_staff ON audit_events (staff, position);
CREATE INDEX audit_events_by_customer ON audit_events (portal, customer, position);

CREATE TRIGGER audit_events_are_never_changed BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'an audit event is never changed');
END;

CREATE TRIGGER audit_events_are_never_deleted BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'an audit event is never deleted');
END;

-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER audit_events_are_never_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (
    SELECT 1 FROM audit_events
    WHERE position = NEW.position OR id = NEW.id OR (writer = NEW.writer AND seq = NEW.seq)
)
BEGIN
    SELECT RAISE(ABORT, 'an audit event is never replaced');
END;
