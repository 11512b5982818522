-- erase.db of an owner, version 1.
PRAGMA application_id = 0x417a4552;

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    database_id BLOB NOT NULL CHECK (length(database_id) = 16),
    generation INTEGER NOT NULL
);

-- Acts and their entries for the ledger.  class 1 grant, 2 stop; state 0
-- queued, 1 logged, 2 void (grants only).
CREATE TABLE act (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    class INTEGER NOT NULL CHECK (class IN (1, 2)),
    kind TEXT NOT NULL,
    entry BLOB NOT NULL,
    leaf BLOB NOT NULL UNIQUE CHECK (length(leaf) = 32),
    tree_size_then INTEGER NOT NULL,
    ledger_index INTEGER,
    state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
    CHECK ((state = 1) = (ledger_index IS NOT NULL)),
    CHECK (class = 1 OR state <> 2)
);
CREATE INDEX act_queued ON act (class, id) WHERE state = 0;

-- What an act brought counts when it is logged; a stop counts at once.
CREATE VIEW act_effective AS
    SELECT id FROM act WHERE state = 1 OR (class = 2 AND state = 0);

CREATE TABLE holder (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    owner TEXT NOT NULL,
    store_id BLOB NOT NULL CHECK (length(store_id) = 16)
);

-- Packed respondent keys (docs/FORMATS.md section 5.4).
CREATE TABLE key_block (
    block INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);

PRAGMA user_version = 1;
