-- Times are milliseconds since 1970 in UTC, booleans 0 and 1, secrets never stand here but as SHA-256 in hex. Tables and
-- columns are those of SQLite's file of the same number.

CREATE TABLE staff (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL,
    -- E-mail addresses compare without case.
    email_key     TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active        BIGINT NOT NULL CHECK (active IN (0, 1)),
    created_at    BIGINT NOT NULL
);

CREATE TABLE devices (
    id            TEXT PRIMARY KEY,
    public_key    TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    registered_by TEXT NOT NULL REFERENCES staff (id),
    registered_at BIGINT NOT NULL,
    revoked_at    BIGINT
);

CREATE TABLE authorization_codes (
    code_sha256    TEXT PRIMARY KEY,
    staff          TEXT NOT NULL REFERENCES staff (id),
    redirect_uri   TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    expires_at     BIGINT NOT NULL,
    -- The sign-in that this code was traded for; a second try ends it.
    family         TEXT
);

-- One sign-in of one staff member on one device: what all its tokens hang on.
CREATE TABLE token_families (
    id         TEXT PRIMARY KEY,
    staff      TEXT NOT NULL REFERENCES staff (id),
    device     TEXT NOT NULL REFERENCES devices (id),
    started_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE refresh_tokens (
    token_sha256 TEXT PRIMARY KEY,
    family       TEXT NOT NULL REFERENCES token_families (id),
    expires_at   BIGINT NOT NULL,
    replaced_at  BIGINT
);

CREATE TABLE access_tokens (
    token_sha256 TEXT PRIMARY KEY,
    family       TEXT NOT NULL REFERENCES token_families (id),
    expires_at   BIGINT NOT NULL
);

CREATE TABLE sessions (
    id                TEXT PRIMARY KEY,
    code              TEXT NOT NULL UNIQUE,
    state             TEXT NOT NULL,
    slot              BIGINT NOT NULL,
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
    created_at        BIGINT NOT NULL,
    started_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    last_heartbeat_at BIGINT NOT NULL,
    last_input_at     BIGINT NOT NULL,
    -- When the portal last said that the customer is active.
    customer_checked_at BIGINT NOT NULL,
    frozen_at         BIGINT,
    grant_sha256      TEXT,
    grant_expires_at  BIGINT,
    cookie_sha256     TEXT UNIQUE,
    entered_at        BIGINT,
    ended_at          BIGINT,
    ended_by          TEXT,
    note              TEXT
);

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
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (staff, route, key)
);

-- The audit log: what consoles delivered and what this server wrote. Positions follow the order of commits, because
-- every transaction that writes holds one advisory lock from its beginning to its end, whichever server it is of.
CREATE TABLE audit_events (
    position         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    writer           TEXT NOT NULL,
    seq              BIGINT NOT NULL CHECK (seq > 0),
    id               TEXT NOT NULL UNIQUE,
    session          TEXT,
    occurred_at      BIGINT NOT NULL,
    monotonic_millis BIGINT NOT NULL,
    kind             TEXT NOT NULL,
    prev_hash        TEXT NOT NULL,
    commitment       TEXT NOT NULL,
    salt             TEXT NOT NULL,
    body             TEXT NOT NULL,
    hash             TEXT NOT NULL,
    received_at      BIGINT NOT NULL,
    -- Drawn from the body for searching; the body is what counts.
    staff            TEXT,
    customer         TEXT,
    portal           TEXT,
    device           TEXT,
    -- 1 on a page that the gateway let through as a document of its own.
    is_page          BIGINT NOT NULL CHECK (is_page IN (0, 1)),
    UNIQUE (writer, seq)
);

CREATE INDEX audit_events_by_session ON audit_events (session, position);
CREATE INDEX audit_events_by_staff ON audit_events (staff, position);
CREATE INDEX audit_events_by_customer ON audit_events (portal, customer, position);

-- Who owns the table can drop these triggers again. Let the server connect as a role that owns nothing: grants.sql in this
-- folder. ON CONFLICT DO UPDATE fires the trigger for updates; DO NOTHING changes nothing.
CREATE FUNCTION audit_events_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an audit event is never %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_events_are_never_changed BEFORE UPDATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stand('changed');
CREATE TRIGGER audit_events_are_never_deleted BEFORE DELETE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stand('deleted');
CREATE TRIGGER audit_events_are_never_emptied BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stand('deleted');
-- Also where triggers are switched off for replication (session_replication_role).
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_are_never_changed;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_are_never_deleted;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_are_never_emptied;
