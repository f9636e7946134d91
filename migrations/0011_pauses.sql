-- Mirrors to which nothing is sent because somebody asked for that.
CREATE TABLE pause (
    mirror TEXT PRIMARY KEY,
    -- Nanoseconds since 1970-01-01 UTC: when it began and when it is over; without an
    -- end it lasts until somebody ends it.
    since  INTEGER NOT NULL,
    until  INTEGER,
    who    TEXT NOT NULL
) STRICT;
