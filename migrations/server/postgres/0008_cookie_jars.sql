-- Cookies of portals that no page may read, one jar for each running session, sealed by a key outside of the database: a session
-- goes on at another server, or after a restart, as the portal left it.
CREATE TABLE cookie_jars (
    session TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id),
    -- Of two servers that change it at once the second begins again.
    version BIGINT NOT NULL CHECK (version > 0),
    sealed  TEXT NOT NULL
);
