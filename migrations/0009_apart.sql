-- Whether a request in doubt was about a new file of a name that tells it apart from a
-- twin: that name is looked at first.
ALTER TABLE intent ADD COLUMN apart INTEGER NOT NULL DEFAULT 0 CHECK (apart IN (0, 1));
