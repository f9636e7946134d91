-- Damage and old copies are noticed. A row's seal is a checksum of what is read of it,
-- keyed for this database: a byte that has flipped on the disk, or a page of another
-- database, does not fit.
ALTER TABLE folder   ADD COLUMN seal INTEGER;
ALTER TABLE mirror   ADD COLUMN seal INTEGER;
ALTER TABLE file     ADD COLUMN seal INTEGER;
ALTER TABLE parked   ADD COLUMN seal INTEGER;
ALTER TABLE intent   ADD COLUMN seal INTEGER;
ALTER TABLE session  ADD COLUMN seal INTEGER;
ALTER TABLE decision ADD COLUMN seal INTEGER;
ALTER TABLE absent   ADD COLUMN seal INTEGER;

-- The database itself.
CREATE TABLE state (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    -- What the seals are keyed with.
    key        INTEGER NOT NULL,
    -- The number of the mark beside the database, and that file's inode and birth: a
    -- database that was copied back from somewhere does not fit its mark.
    generation INTEGER NOT NULL,
    inode      INTEGER NOT NULL,
    born       INTEGER NOT NULL,
    -- The database's own inode.
    own_inode  INTEGER NOT NULL,
    -- 1 from the first commit of a run to its orderly end.
    is_open    INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    -- Why what it says is in doubt, until everything has been compared with Box.
    loss       TEXT CHECK (loss IN ('damaged', 'lost', 'old')),
    seal       INTEGER
) STRICT;

-- Mirrors that have been compared whole since the state was found in doubt.
CREATE TABLE compared (
    mirror TEXT PRIMARY KEY
) STRICT;

-- What the last verification of a mirror found, and when.
CREATE TABLE verified (
    mirror  TEXT PRIMARY KEY,
    at      INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    extra   INTEGER NOT NULL,
    pending INTEGER NOT NULL
) STRICT;
