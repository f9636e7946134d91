-- What Box and the disk last agreed on. A cache of agreement: losing a row costs a
-- request, never a file. Times are nanoseconds since 1970-01-01 UTC. Local names are
-- bytes, because a name that is not UTF-8 must still be reported.

-- A directory and its folder. A mirror's root has no parent and an empty name. Files
-- hang on the directory's row, so that moving a directory is a change of one row.
CREATE TABLE folder (
    id          INTEGER PRIMARY KEY,
    parent      INTEGER REFERENCES folder (id),
    name        BLOB NOT NULL,
    box_id      TEXT NOT NULL UNIQUE,
    etag        TEXT,
    -- 1 once everything that Box held in it has been compared with the disk.
    inventoried INTEGER NOT NULL CHECK (inventoried IN (0, 1)),
    UNIQUE (parent, name)
) STRICT;

CREATE TABLE mirror (
    name   TEXT PRIMARY KEY,
    -- Where it goes, as configured: a mapping is good for one place only.
    target TEXT NOT NULL,
    root   INTEGER NOT NULL REFERENCES folder (id)
) STRICT;

CREATE TABLE file (
    dir         INTEGER NOT NULL REFERENCES folder (id),
    name        BLOB NOT NULL,
    box_id      TEXT NOT NULL UNIQUE,
    version     TEXT,
    etag        TEXT,
    box_name    TEXT NOT NULL,
    sha1        BLOB NOT NULL CHECK (length(sha1) = 20),
    size        INTEGER NOT NULL,
    mtime       INTEGER NOT NULL,
    ctime       INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    hashed_at   INTEGER NOT NULL,
    -- 1 while the digest is to be checked once more, because it was taken so soon
    -- after a change that a memory map may have changed the bytes unseen.
    provisional INTEGER NOT NULL CHECK (provisional IN (0, 1)),
    PRIMARY KEY (dir, name)
) STRICT, WITHOUT ROWID;

-- What waits, and why. The four numbers are the file's state when it was parked; a
-- directory has none.
CREATE TABLE parked (
    dir         INTEGER NOT NULL REFERENCES folder (id),
    name        BLOB NOT NULL,
    code        TEXT NOT NULL,
    message     TEXT NOT NULL,
    -- 1 when only a change of the item itself can help.
    in_the_item INTEGER NOT NULL CHECK (in_the_item IN (0, 1)),
    size        INTEGER,
    mtime       INTEGER,
    ctime       INTEGER,
    inode       INTEGER,
    PRIMARY KEY (dir, name)
) STRICT, WITHOUT ROWID;

-- A mutating request that was about to be sent. The row ends when its outcome is
-- recorded; a row that is left means that Box must be asked what happened.
CREATE TABLE intent (
    dir  INTEGER NOT NULL REFERENCES folder (id),
    name BLOB NOT NULL,
    sha1 BLOB NOT NULL CHECK (length(sha1) = 20),
    PRIMARY KEY (dir, name)
) STRICT, WITHOUT ROWID;
