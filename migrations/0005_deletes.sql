-- What is gone from the disk, what may be done about it, and what was done on Box.

-- A mapped entry that a complete look at its directory did not find, since when, and
-- whether a person was shown (1) and has approved (2) that it goes to the trash. The row
-- ends when the entry is back, or with its row in `file` or `folder`.
CREATE TABLE absent (
    dir       INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    name      BLOB NOT NULL,
    since     INTEGER NOT NULL,
    clearance INTEGER NOT NULL DEFAULT 0 CHECK (clearance IN (0, 1, 2)),
    PRIMARY KEY (dir, name)
) STRICT, WITHOUT ROWID;

-- What a mirror's root, or a directory in it that was a mount point, was when it was
-- first looked at: another one at its place is not the one that was mirrored. Device and
-- file system are as the system numbered them then; born is NULL where it knows none.
CREATE TABLE ground (
    folder INTEGER PRIMARY KEY REFERENCES folder (id) ON DELETE CASCADE,
    device INTEGER NOT NULL,
    inode  INTEGER NOT NULL,
    born   INTEGER,
    fs     INTEGER NOT NULL
) STRICT;

-- Mirrors whose Box was seen to delete for good instead of putting into the trash.
CREATE TABLE trashless (
    root INTEGER PRIMARY KEY REFERENCES folder (id) ON DELETE CASCADE
) STRICT;

-- What a run put into the trash or moved, in order, so that it can be undone. Written
-- before the request is sent, and done once Box has confirmed it.
CREATE TABLE deed (
    number     INTEGER PRIMARY KEY,
    run        TEXT NOT NULL,
    mirror     TEXT NOT NULL,
    path       BLOB NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('file', 'folder')),
    box_id     TEXT NOT NULL,
    -- Where it was on Box.
    parent     TEXT NOT NULL,
    name       TEXT NOT NULL,
    -- Where it was moved to; NULL for what was trashed.
    new_parent TEXT,
    new_name   TEXT,
    done       INTEGER NOT NULL CHECK (done IN (0, 1)),
    CHECK ((new_parent IS NULL) = (new_name IS NULL))
) STRICT;

CREATE INDEX deed_of_run ON deed (run);
CREATE INDEX deed_of_item ON deed (box_id);
