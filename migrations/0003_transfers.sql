-- What outlives a run besides the mapping itself: uploads in parts that were not
-- finished, when a parked item was last tried and what stood in its way on Box, and what
-- a person decided about a conflict.

-- An upload session that is open at Box. The parts that it holds are asked of Box, not
-- remembered; a session is good for one state of one file.
CREATE TABLE session (
    dir       INTEGER NOT NULL REFERENCES folder (id),
    name      BLOB NOT NULL,
    box_id    TEXT NOT NULL,
    -- The file that gets a version, or the name that a new file gets.
    base      TEXT,
    new_name  TEXT,
    -- Where Box wants parts, their list, the status, the commit and the abort.
    part_url   TEXT NOT NULL,
    list_url   TEXT NOT NULL,
    status_url TEXT NOT NULL,
    commit_url TEXT NOT NULL,
    abort_url  TEXT NOT NULL,
    part_size INTEGER NOT NULL CHECK (part_size > 0),
    -- The file's state when the session was opened.
    size      INTEGER NOT NULL,
    mtime     INTEGER NOT NULL,
    ctime     INTEGER NOT NULL,
    inode     INTEGER NOT NULL,
    PRIMARY KEY (dir, name),
    CHECK ((base IS NULL) <> (new_name IS NULL))
) STRICT, WITHOUT ROWID;

-- When it was last tried; 0 for what an earlier version parked.
ALTER TABLE parked ADD COLUMN tried_at INTEGER NOT NULL DEFAULT 0;
-- The file on Box that stood in the way, and the version of it that was seen.
ALTER TABLE parked ADD COLUMN box_id TEXT;
ALTER TABLE parked ADD COLUMN box_version TEXT;

-- What a person wants done about a conflict, and the version on Box that was shown: a
-- decision is not good for any other.
CREATE TABLE decision (
    dir         INTEGER NOT NULL REFERENCES folder (id),
    name        BLOB NOT NULL,
    keep        TEXT NOT NULL CHECK (keep IN ('local', 'box', 'both')),
    box_id      TEXT NOT NULL,
    box_version TEXT,
    -- The local content that was decided about, where it is known: that Box's copy stays
    -- is good for no other.
    sha1        BLOB CHECK (length(sha1) = 20),
    PRIMARY KEY (dir, name)
) STRICT, WITHOUT ROWID;
