-- Signed heads of chains, each with the whole note that names it. They outlive retention: what stands below one may go.
CREATE TABLE checkpoints (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Who signed: `server:<id>`, or the device itself.
    signer    TEXT NOT NULL,
    -- Whose head.
    writer    TEXT NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq > 0),
    hash      TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    note      TEXT NOT NULL
) STRICT;

CREATE INDEX checkpoints_by_head ON checkpoints (writer, seq);

CREATE TRIGGER checkpoints_are_never_changed BEFORE UPDATE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is never changed');
END;

CREATE TRIGGER checkpoints_are_never_deleted BEFORE DELETE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is never deleted');
END;

-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER checkpoints_are_never_replaced BEFORE INSERT ON checkpoints
WHEN EXISTS (SELECT 1 FROM checkpoints WHERE position = NEW.position)
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is never replaced');
END;

-- The keys that checkpoints are signed with, each from its first use on; also in the audit log, as signer_added.
CREATE TABLE signers (
    name         TEXT NOT NULL,
    -- In the form of a verifier key (C2SP signed-note).
    verifier_key TEXT NOT NULL PRIMARY KEY,
    added_at     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER signers_are_never_changed BEFORE UPDATE ON signers
BEGIN
    SELECT RAISE(ABORT, 'a signer is never changed');
END;

CREATE TRIGGER signers_are_never_deleted BEFORE DELETE ON signers
BEGIN
    SELECT RAISE(ABORT, 'a signer is never deleted');
END;
