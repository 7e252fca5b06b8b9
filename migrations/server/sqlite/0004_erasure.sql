-- The two ways in which something goes from the audit log: bodies by erasure, whole beginnings of chains by retention. Both
-- are on record in the log itself, before anything goes.

-- Up to where each chain is gone. What stands below may still be there for a while: it goes in pieces.
CREATE TABLE retired (
    writer     TEXT NOT NULL,
    -- Number and hash of the last record that went.
    through    INTEGER NOT NULL CHECK (through > 0),
    hash       TEXT NOT NULL,
    -- The signed note that names it.
    note       TEXT NOT NULL,
    retired_at INTEGER NOT NULL,
    PRIMARY KEY (writer, through)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER retired_only_grows BEFORE INSERT ON retired
WHEN EXISTS (SELECT 1 FROM retired r WHERE r.writer = NEW.writer AND r.through >= NEW.through)
    OR NOT EXISTS (SELECT 1 FROM checkpoints c WHERE c.writer = NEW.writer AND c.seq = NEW.through
        AND c.hash = NEW.hash AND c.note = NEW.note AND c.signer LIKE 'server:%')
    OR NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.writer = NEW.writer AND a.seq = NEW.through AND a.hash = NEW.hash)
    OR NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.writer = NEW.writer AND a.seq > NEW.through)
BEGIN
    SELECT RAISE(ABORT, 'what is retired only grows, to a record that a server has signed and others follow');
END;

CREATE TRIGGER retired_is_never_changed BEFORE UPDATE ON retired
BEGIN
    SELECT RAISE(ABORT, 'what is retired is never changed');
END;

CREATE TRIGGER retired_is_never_deleted BEFORE DELETE ON retired
BEGIN
    SELECT RAISE(ABORT, 'what is retired is never deleted');
END;

-- For what explains what is gone.
CREATE INDEX audit_events_of_what_is_gone ON audit_events (position) WHERE kind IN ('bodies_erased', 'records_retired');

DROP TRIGGER audit_events_are_never_changed;
DROP TRIGGER audit_events_are_never_deleted;

-- But for a body that is erased, with its salt and nothing else. Which kinds may be is the rule of `domain::erasure`, which the
-- verifier knows too; what explains erasures themselves stays here as well.
CREATE TRIGGER audit_events_are_never_changed BEFORE UPDATE ON audit_events
WHEN NOT (
    NEW.salt = '' AND NEW.body = '' AND OLD.body <> '' AND OLD.kind NOT IN ('bodies_erased', 'records_retired')
    AND NEW.position = OLD.position AND NEW.writer = OLD.writer AND NEW.seq = OLD.seq AND NEW.id = OLD.id
    AND NEW.session IS OLD.session AND NEW.occurred_at = OLD.occurred_at
    AND NEW.monotonic_millis = OLD.monotonic_millis AND NEW.kind = OLD.kind AND NEW.prev_hash = OLD.prev_hash
    AND NEW.commitment = OLD.commitment AND NEW.hash = OLD.hash AND NEW.received_at = OLD.received_at
    AND NEW.staff IS OLD.staff AND NEW.customer IS OLD.customer AND NEW.portal IS OLD.portal
    AND NEW.device IS OLD.device AND NEW.is_page = OLD.is_page
)
BEGIN
    SELECT RAISE(ABORT, 'an audit event is never changed, but for the erasure of its body');
END;

CREATE TRIGGER audit_events_are_never_deleted BEFORE DELETE ON audit_events
WHEN NOT EXISTS (SELECT 1 FROM retired r WHERE r.writer = OLD.writer AND r.through >= OLD.seq)
BEGIN
    SELECT RAISE(ABORT, 'an audit event is never deleted, but for what is retired');
END;
