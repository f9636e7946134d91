-- Since when an entry waits for a change or a person, however often it has been tried since:
-- what a monitor tells. It decides nothing, so it is not sealed.
ALTER TABLE parked ADD COLUMN since INTEGER;
