-- How keys are laid out (docs/FORMATS.md section 5.4); what is there already
-- stays as it is.
ALTER TABLE holder ADD COLUMN layout INTEGER NOT NULL DEFAULT 1;

PRAGMA user_version = 2;
