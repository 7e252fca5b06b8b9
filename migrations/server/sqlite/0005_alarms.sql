-- What does not agree, for somebody to look at. The record that raised an alarm says what it is; this says who has looked.
CREATE TABLE alarms (
    -- The record that raised it.
    event           TEXT NOT NULL PRIMARY KEY,
    kind            TEXT NOT NULL,
    -- What it is about, and what was shown of it: the same thing is raised once.
    about           TEXT NOT NULL,
    shown           TEXT NOT NULL,
    -- Whose chain or session it is about, if a device's.
    device          TEXT REFERENCES devices (id),
    raised_at       INTEGER NOT NULL,
    acknowledged_at INTEGER,
    -- Nobody when the operator did it at the server itself.
    acknowledged_by TEXT REFERENCES staff (id),
    note            TEXT,
    UNIQUE (about, shown)
) STRICT;

CREATE INDEX alarms_open ON alarms (raised_at) WHERE acknowledged_at IS NULL;

CREATE TRIGGER alarms_are_never_deleted BEFORE DELETE ON alarms
BEGIN
    SELECT RAISE(ABORT, 'an alarm is never deleted');
END;

-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER alarms_are_never_replaced BEFORE INSERT ON alarms
WHEN EXISTS (SELECT 1 FROM alarms WHERE event = NEW.event OR (about = NEW.about AND shown = NEW.shown))
BEGIN
    SELECT RAISE(ABORT, 'an alarm is never replaced');
END;

-- Heads that devices have shown of their chains in signed heartbeats: the last one of each chain, and those whose records are
-- not delivered yet.
CREATE TABLE device_heads (
    writer    TEXT NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq > 0),
    hash      TEXT NOT NULL,
    device    TEXT NOT NULL REFERENCES devices (id),
    -- Of the chain among those of its device, from 1.
    number    INTEGER NOT NULL CHECK (number > 0),
    -- By the heartbeat that showed it first.
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (writer, seq)
) STRICT;

CREATE INDEX device_heads_by_device ON device_heads (device, number, seq);

-- When the records of console and server were compared. Those that were over before there was such a comparison are let be.
ALTER TABLE sessions ADD COLUMN reconciled_at INTEGER;
UPDATE sessions SET reconciled_at = 0 WHERE state = 'ended';
CREATE INDEX sessions_to_reconcile ON sessions (ended_at, id) WHERE state = 'ended' AND reconciled_at IS NULL;
