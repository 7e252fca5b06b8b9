-- Signed heads of chains, each with the whole note that names it. They outlive retention: what stands below one may go.
CREATE TABLE checkpoints (
    position  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Who signed: `server:<id>`, or the device itself.
    signer    TEXT NOT NULL,
    -- Whose head.
    writer    TEXT NOT NULL,
    seq       BIGINT NOT NULL CHECK (seq > 0),
    hash      TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    note      TEXT NOT NULL
);

CREATE INDEX checkpoints_by_head ON checkpoints (writer, seq);

CREATE FUNCTION checkpoints_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a checkpoint is never %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER checkpoints_are_never_changed BEFORE UPDATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_stand('changed');
CREATE TRIGGER checkpoints_are_never_deleted BEFORE DELETE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_stand('deleted');
CREATE TRIGGER checkpoints_are_never_emptied BEFORE TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_stand('deleted');
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_are_never_changed;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_are_never_deleted;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_are_never_emptied;

-- The keys that checkpoints are signed with, each from its first use on; also in the audit log, as signer_added.
CREATE TABLE signers (
    name         TEXT NOT NULL,
    -- In the form of a verifier key (C2SP signed-note).
    verifier_key TEXT NOT NULL PRIMARY KEY,
    added_at     BIGINT NOT NULL
);

CREATE FUNCTION signers_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a signer is never %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER signers_are_never_changed BEFORE UPDATE ON signers
    FOR EACH STATEMENT EXECUTE FUNCTION signers_stand('changed');
CREATE TRIGGER signers_are_never_deleted BEFORE DELETE ON signers
    FOR EACH STATEMENT EXECUTE FUNCTION signers_stand('deleted');
CREATE TRIGGER signers_are_never_emptied BEFORE TRUNCATE ON signers
    FOR EACH STATEMENT EXECUTE FUNCTION signers_stand('deleted');
ALTER TABLE signers ENABLE ALWAYS TRIGGER signers_are_never_changed;
ALTER TABLE signers ENABLE ALWAYS TRIGGER signers_are_never_deleted;
ALTER TABLE signers ENABLE ALWAYS TRIGGER signers_are_never_emptied;
