-- Not a migration: the recipe for a server that cannot tamper with its own record. Run it as the owner of the tables, after
-- the owner has brought the database up to a version and again after each later one, with the server's role as a variable:
--
--   psql --set=server_role=amberglass_server --file=grants.sql amberglass
--
-- The role reads and writes what the server works with, adds to the audit log, and owns nothing: it can neither change,
-- delete or empty the log nor drop the triggers that forbid it. `audit erase` and `audit retire` are for the owner.
GRANT USAGE ON SCHEMA public TO :"server_role";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"server_role";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"server_role";
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM :"server_role";
REVOKE INSERT ON retired FROM :"server_role";
REVOKE UPDATE, DELETE ON audit_events, checkpoints, signers, retired, decisions FROM :"server_role";
REVOKE DELETE ON alarms, requests, break_glass FROM :"server_role";
