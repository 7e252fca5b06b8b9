-- The two ways in which something goes from the audit log: bodies by erasure, whole beginnings of chains by retention. Both
-- are on record in the log itself, before anything goes. A server with the rights of grants.sql can do neither.

-- Up to where each chain is gone. What stands below may still be there for a while: it goes in pieces.
CREATE TABLE retired (
    writer     TEXT NOT NULL,
    -- Number and hash of the last record that went.
    through    BIGINT NOT NULL CHECK (through > 0),
    hash       TEXT NOT NULL,
    -- The signed note that names it.
    note       TEXT NOT NULL,
    retired_at BIGINT NOT NULL,
    PRIMARY KEY (writer, through)
);

-- With a search path of their own, so that no table of a session's stands in the place of these.
CREATE FUNCTION retired_grows() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM retired r WHERE r.writer = NEW.writer AND r.through >= NEW.through)
        OR NOT EXISTS (SELECT 1 FROM checkpoints c WHERE c.writer = NEW.writer AND c.seq = NEW.through
            AND c.hash = NEW.hash AND c.note = NEW.note AND c.signer LIKE 'server:%')
        OR NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.writer = NEW.writer AND a.seq = NEW.through AND a.hash = NEW.hash)
        OR NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.writer = NEW.writer AND a.seq > NEW.through)
    THEN
        RAISE EXCEPTION 'what is retired only grows, to a record that a server has signed and others follow'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION retired_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is retired is never %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER retired_only_grows BEFORE INSERT ON retired
    FOR EACH ROW EXECUTE FUNCTION retired_grows();
CREATE TRIGGER retired_is_never_changed BEFORE UPDATE ON retired
    FOR EACH STATEMENT EXECUTE FUNCTION retired_stands('changed');
CREATE TRIGGER retired_is_never_deleted BEFORE DELETE ON retired
    FOR EACH STATEMENT EXECUTE FUNCTION retired_stands('deleted');
CREATE TRIGGER retired_is_never_emptied BEFORE TRUNCATE ON retired
    FOR EACH STATEMENT EXECUTE FUNCTION retired_stands('deleted');
ALTER TABLE retired ENABLE ALWAYS TRIGGER retired_only_grows;
ALTER TABLE retired ENABLE ALWAYS TRIGGER retired_is_never_changed;
ALTER TABLE retired ENABLE ALWAYS TRIGGER retired_is_never_deleted;
ALTER TABLE retired ENABLE ALWAYS TRIGGER retired_is_never_emptied;

-- For what explains what is gone.
CREATE INDEX audit_events_of_what_is_gone ON audit_events (position) WHERE kind IN ('bodies_erased', 'records_retired');

DROP TRIGGER audit_events_are_never_changed ON audit_events;
DROP TRIGGER audit_events_are_never_deleted ON audit_events;

-- But for a body that is erased, with its salt and nothing else. Which kinds may be is the rule of `domain::erasure`, which the
-- verifier knows too; what explains erasures themselves stays here as well.
CREATE FUNCTION audit_events_are_erased_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    erased audit_events := OLD;
BEGIN
    erased.salt := '';
    erased.body := '';
    IF OLD.body = '' OR OLD.kind IN ('bodies_erased', 'records_retired') OR NEW IS DISTINCT FROM erased THEN
        RAISE EXCEPTION 'an audit event is never changed, but for the erasure of its body' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION audit_events_are_retired_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM retired r WHERE r.writer = OLD.writer AND r.through >= OLD.seq) THEN
        RAISE EXCEPTION 'an audit event is never deleted, but for what is retired' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER audit_events_are_never_changed BEFORE UPDATE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_are_erased_only();
CREATE TRIGGER audit_events_are_never_deleted BEFORE DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_are_retired_only();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_are_never_changed;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_are_never_deleted;
