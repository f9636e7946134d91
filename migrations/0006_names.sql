-- What a directory's folder is called on Box; NULL for what earlier versions mapped, whose
-- folders had the local name.
ALTER TABLE folder ADD COLUMN box_name TEXT;
