-- A portal's own list, the newest first, without reading those of all others; and that of one customer in the order in which it is
-- told, or the list of the whole portal would seem the shorter way to it.
CREATE INDEX sessions_by_portal ON sessions (portal, created_at, id);
DROP INDEX sessions_by_customer;
CREATE INDEX sessions_by_customer ON sessions (portal, customer, created_at, id);
