-- Digests of consent texts whole: of those that are known by their first half
-- the rest is zero bytes until the register gives it (store_text_complete).
CREATE TABLE text_whole (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32)
);
INSERT INTO text_whole (number, sha256)
    SELECT number, CAST(sha16 || zeroblob(16) AS BLOB) FROM text;
DROP TABLE text;
ALTER TABLE text_whole RENAME TO text;

-- Events seen: of each hash the first 12 of its 16 bytes.
CREATE TABLE event_chunk_12 (
    run INTEGER NOT NULL REFERENCES event_run (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    first BLOB NOT NULL CHECK (length(first) = 12),
    bytes BLOB NOT NULL
);
INSERT INTO event_chunk_12 (run, place, first, bytes)
    SELECT run, place, shorten(first, 16, 12), shorten(bytes, 16, 12)
    FROM event_chunk ORDER BY run, place;
DROP TABLE event_chunk;
ALTER TABLE event_chunk_12 RENAME TO event_chunk;
CREATE UNIQUE INDEX event_chunk_first ON event_chunk (run, first);

-- Which records hold the answer of a message, for as long as it can be unsent:
-- entries of 40 bytes (docs/FORMATS.md section 5.4), many to a row.
CREATE TABLE message_run (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    bytes BLOB NOT NULL
);

PRAGMA user_version = 2;
