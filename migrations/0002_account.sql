-- The account that the mapping was made with. IDs on Box mean something only to an
-- account that sees them: with another one everything would look deleted.
CREATE TABLE account (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    id         TEXT NOT NULL,
    login      TEXT NOT NULL,
    -- A fingerprint of the credential that was last seen to belong to it, so that Box
    -- is asked once for each credential. Not the credential: nothing leads back to it.
    credential TEXT NOT NULL
) STRICT;
