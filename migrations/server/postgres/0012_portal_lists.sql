-- A portal's own list, the newest first, without reading those of all others.
CREATE INDEX sessions_by_portal ON sessions (portal, created_at, id);
