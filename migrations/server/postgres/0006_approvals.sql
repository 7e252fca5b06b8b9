-- Requests for approval: what a staff member asks for, and how far it has come. Each change of state is one conditional update.
CREATE TABLE requests (
    id               TEXT NOT NULL PRIMARY KEY,
    state            TEXT NOT NULL,
    staff            TEXT NOT NULL REFERENCES staff (id),
    device           TEXT NOT NULL REFERENCES devices (id),
    portal           TEXT NOT NULL,
    customer         TEXT NOT NULL,
    -- The customer as the portal described them when it was asked for, JSON.
    customer_json    TEXT NOT NULL,
    reason_code      TEXT NOT NULL,
    reason_text      TEXT NOT NULL,
    ticket           TEXT,
    mode             TEXT NOT NULL,
    duration_seconds BIGINT NOT NULL,
    extensions       BIGINT NOT NULL,
    -- Ids of the rules that want an approval, in one text with spaces between.
    rules            TEXT NOT NULL,
    policy_hash      TEXT NOT NULL,
    -- Who asked for the decisions, as that server calls itself, and what stands in each of them.
    server           TEXT NOT NULL,
    nonce            TEXT NOT NULL UNIQUE,
    approvals_needed BIGINT NOT NULL CHECK (approvals_needed > 0),
    created_at       BIGINT NOT NULL,
    -- Pending: when it lapses undecided. Approved: when it lapses unused.
    expires_at       BIGINT NOT NULL,
    -- When nobody had decided for so long that others were told, too.
    escalated_at     BIGINT,
    -- Once approved.
    granted_mode     TEXT,
    granted_seconds  BIGINT,
    granted_extensions BIGINT,
    -- Once used; from the beginning where it is about one write of a running session.
    session          TEXT REFERENCES sessions (id),
    -- The record of the write that it is about: each is asked for once. What is said of it, and what came of it, JSON.
    kept             TEXT UNIQUE,
    write_json       TEXT,
    outcome_json     TEXT,
    closed_at        BIGINT
);

-- One open request of a staff member for a customer: asking again is the same question.
CREATE UNIQUE INDEX requests_open ON requests (staff, portal, customer)
    WHERE state IN ('pending', 'approved') AND kept IS NULL;
CREATE INDEX requests_of_writes ON requests (session) WHERE kept IS NOT NULL;
CREATE INDEX requests_due ON requests (expires_at) WHERE state IN ('pending', 'approved');
CREATE INDEX requests_by_session ON requests (session) WHERE session IS NOT NULL;
CREATE INDEX requests_by_staff ON requests (staff, created_at);
CREATE INDEX requests_by_customer ON requests (portal, customer, created_at);

-- What approvers have signed. The signed text itself is on record; this is for deciding.
CREATE TABLE decisions (
    request          TEXT NOT NULL REFERENCES requests (id),
    approver         TEXT NOT NULL REFERENCES staff (id),
    device           TEXT NOT NULL REFERENCES devices (id),
    verdict          TEXT NOT NULL,
    mode             TEXT NOT NULL,
    duration_seconds BIGINT NOT NULL,
    extensions       BIGINT NOT NULL,
    comment          TEXT NOT NULL,
    decided_at       BIGINT NOT NULL,
    PRIMARY KEY (request, approver)
);

CREATE FUNCTION decisions_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a decision is never %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

-- But for a comment that is erased, and nothing else.
CREATE TRIGGER decisions_are_never_changed BEFORE UPDATE ON decisions
    FOR EACH ROW WHEN (
        NOT (
            NEW.comment = '' AND NEW.request = OLD.request AND NEW.approver = OLD.approver AND NEW.device = OLD.device
            AND NEW.verdict = OLD.verdict AND NEW.mode = OLD.mode AND NEW.duration_seconds = OLD.duration_seconds
            AND NEW.extensions = OLD.extensions AND NEW.decided_at = OLD.decided_at
        )
    ) EXECUTE FUNCTION decisions_stand('changed');
CREATE TRIGGER decisions_are_never_deleted BEFORE DELETE ON decisions
    FOR EACH STATEMENT EXECUTE FUNCTION decisions_stand('deleted');
CREATE TRIGGER decisions_are_never_emptied BEFORE TRUNCATE ON decisions
    FOR EACH STATEMENT EXECUTE FUNCTION decisions_stand('emptied');
ALTER TABLE decisions ENABLE ALWAYS TRIGGER decisions_are_never_changed;
ALTER TABLE decisions ENABLE ALWAYS TRIGGER decisions_are_never_deleted;
ALTER TABLE decisions ENABLE ALWAYS TRIGGER decisions_are_never_emptied;

-- The approval that a session began with, if it needed one, and what that allows.
ALTER TABLE sessions ADD COLUMN request TEXT REFERENCES requests (id);
ALTER TABLE sessions ADD COLUMN max_extensions BIGINT;

-- By which policy each server goes: another one is noticed also after a restart.
CREATE TABLE server_policies (
    server      TEXT NOT NULL PRIMARY KEY,
    policy_hash TEXT NOT NULL,
    since       BIGINT NOT NULL
);

-- Sessions that began with a stated emergency, and their reviews. Who reviewed first stands, and it is never who did it.
CREATE TABLE break_glass (
    session     TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id),
    staff       TEXT NOT NULL REFERENCES staff (id),
    emergency   TEXT NOT NULL,
    used_at     BIGINT NOT NULL,
    reviewed_at BIGINT,
    reviewed_by TEXT REFERENCES staff (id) CHECK (reviewed_by <> staff),
    outcome     TEXT,
    note        TEXT
);
CREATE INDEX break_glass_unreviewed ON break_glass (staff, used_at) WHERE reviewed_at IS NULL;

-- What security is told of, without reading the whole log. The same kinds stand in the store's question.
CREATE INDEX audit_events_news ON audit_events (position) WHERE kind IN (
    'break_glass_reviewed', 'break_glass_used', 'device_registered', 'device_revoked', 'emergency_stop_lifted',
    'emergency_stopped', 'password_changed', 'policy_changed', 'portal_disabled', 'portal_enabled', 'portal_key_added',
    'portal_key_revoked', 'provider_linked', 'second_factor_reset', 'second_factor_set_up', 'staff_added',
    'staff_disabled', 'staff_enabled', 'staff_role_changed'
);

-- Writes that the gateway blocked in running read-only sessions, the last few of each, sealed by a key outside of the database.
-- They go with the session, or after their time.
CREATE TABLE kept_requests (
    -- Of the record that says that it was blocked.
    id         TEXT NOT NULL PRIMARY KEY,
    session    TEXT NOT NULL REFERENCES sessions (id),
    method     TEXT NOT NULL,
    -- As on record.
    path       TEXT NOT NULL,
    rule       TEXT NOT NULL,
    -- Nothing, and why it can't be asked for instead.
    sealed     TEXT,
    cannot_ask TEXT,
    kept_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CHECK ((sealed IS NULL) <> (cannot_ask IS NULL))
);
CREATE INDEX kept_requests_by_session ON kept_requests (session, kept_at);
CREATE INDEX kept_requests_due ON kept_requests (expires_at);
