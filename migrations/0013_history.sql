-- What was done, one row each, oldest first: for people. Nothing is decided by it, so that
-- its rows have no seals; nothing looks a single one up, so that there is no index.
CREATE TABLE history (
    number      INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    run         TEXT NOT NULL,
    mirror      TEXT NOT NULL,
    path        BLOB NOT NULL,
    what        TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('file', 'folder')),
    box_id      TEXT NOT NULL,
    -- Where it was before it moved.
    from_mirror TEXT,
    from_path   BLOB,
    version     TEXT,
    sha1        BLOB,
    bytes       INTEGER,
    -- Files in a folder that went to the trash.
    files       INTEGER,
    -- What a person had decided about it.
    keep        TEXT
) STRICT;
