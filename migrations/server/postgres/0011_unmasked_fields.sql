-- Fields that portals' rules mask and that are shown for a while, each on a reason that stands on record with it. Gone with the
-- session: never a value, and nothing of whom it is about.
CREATE TABLE unmasked_fields (
    session     TEXT NOT NULL REFERENCES sessions (id),
    -- Of the portal's rules, and the pointer as it stands there.
    rule        TEXT NOT NULL,
    pointer     TEXT NOT NULL,
    shown_until BIGINT NOT NULL,
    PRIMARY KEY (session, rule, pointer)
);
