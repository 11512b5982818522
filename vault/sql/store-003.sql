-- The last act of erasure whose records' bytes are all gone (compaction).
ALTER TABLE holder ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 3;
