-- By which rules each server goes for each portal: others are noticed also after a restart.
CREATE TABLE server_rules (
    server     TEXT NOT NULL,
    portal     TEXT NOT NULL,
    rules_hash TEXT NOT NULL,
    since      INTEGER NOT NULL,
    PRIMARY KEY (server, portal)
) STRICT;

-- What portals' rules may have wrong, as the gateway saw it: by shapes of paths, not by what was looked at.
CREATE TABLE shadow_findings (
    portal   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    method   TEXT NOT NULL,
    path     TEXT NOT NULL,
    -- The signs of the newest, in words.
    signs    TEXT NOT NULL,
    seen     INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (portal, kind, method, path)
) STRICT;

-- With the kind that says that they changed. The same kinds stand in the store's question.
DROP INDEX audit_events_news;
CREATE INDEX audit_events_news ON audit_events (position) WHERE kind IN (
    'break_glass_reviewed', 'break_glass_used', 'device_registered', 'device_revoked', 'emergency_stop_lifted',
    'emergency_stopped', 'password_changed', 'policy_changed', 'portal_disabled', 'portal_enabled', 'portal_key_added',
    'portal_key_revoked', 'provider_linked', 'second_factor_reset', 'rules_changed', 'second_factor_set_up', 'staff_added',
    'staff_disabled', 'staff_enabled', 'staff_role_changed'
);
