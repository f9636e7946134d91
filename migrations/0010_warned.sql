-- Warnings of the last pass: a pass from cron says what is new, and not the same each time.
CREATE TABLE warned (
    words TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
