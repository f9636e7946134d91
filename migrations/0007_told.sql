-- The mirrors as they were announced: what changed about them since is said before
-- anything is done about it, and said once. The directory is NULL for mirrors that were
-- made before it was written down.
CREATE TABLE told (
    name   TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    local  BLOB
) STRICT;

INSERT INTO told (name, target) SELECT name, target FROM mirror;
