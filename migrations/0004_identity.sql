-- Which object each entry is, so that it is found again under another name. An inode
-- number is given away again, so it counts only with the time of birth, and on its
-- device. A file is on its directory's device.
ALTER TABLE file ADD COLUMN born INTEGER;
ALTER TABLE folder ADD COLUMN device INTEGER;
ALTER TABLE folder ADD COLUMN inode INTEGER;
ALTER TABLE folder ADD COLUMN born INTEGER;
CREATE INDEX file_by_inode ON file (inode);
CREATE INDEX folder_by_inode ON folder (inode) WHERE inode IS NOT NULL;

-- A move that Box was or is about to be asked for. The row ends when the mapping says
-- where the item is; a row that is left means that Box must be asked.
CREATE TABLE moving (
    -- 'file' or 'folder', and its ID on Box.
    kind   TEXT NOT NULL CHECK (kind IN ('file', 'folder')),
    box_id TEXT NOT NULL,
    -- Where it goes: the directory, the local name, and the name on Box.
    dir      INTEGER NOT NULL REFERENCES folder (id),
    name     BLOB NOT NULL,
    box_name TEXT NOT NULL,
    PRIMARY KEY (kind, box_id)
) STRICT, WITHOUT ROWID;
