-- Lists stay fast while the log grows to millions of records.

-- All sessions, the newest first; of those that run, so that looking for them reads no other.
CREATE INDEX sessions_by_time ON sessions (created_at, id);
CREATE INDEX sessions_running_by_time ON sessions (created_at, id) WHERE state IN ('active', 'frozen');

-- What the gateway counted in a session, with everything that counting reads. The store's questions say the condition word for
-- word. Most records are no page of their own and not blocked: they stand here not at all.
CREATE INDEX audit_events_counted ON audit_events (session, position, is_page, kind, writer)
    WHERE (is_page = 1 OR kind = 'request_blocked') AND writer LIKE 'server:%';
