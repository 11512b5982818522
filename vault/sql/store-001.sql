-- vault.db of an owner, version 1.
--
-- Tables named *_row carry the act that brought them and are read only through
-- the view of the name without _row.
PRAGMA application_id = 0x417a5354;

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

-- Whose it is, the erase.db it belongs to, and that one's generation.
CREATE TABLE holder (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    owner TEXT NOT NULL,
    erase_id BLOB CHECK (length(erase_id) = 16),
    erase_confirmed INTEGER NOT NULL,
    erase_intended INTEGER NOT NULL,
    CHECK (erase_intended BETWEEN erase_confirmed AND erase_confirmed + 1)
);

-- Consent texts that were shown, by number.
CREATE TABLE text (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
    sha16 BLOB NOT NULL UNIQUE CHECK (length(sha16) = 16)
);

-- Packed entries of respondents (docs/FORMATS.md section 5.4).
CREATE TABLE respondent_block (
    block INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);

CREATE TABLE withdrawal_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    respondent INTEGER NOT NULL,
    scopes INTEGER NOT NULL,
    permanent INTEGER NOT NULL,
    at INTEGER NOT NULL,
    noted INTEGER NOT NULL,
    hold_until INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE INDEX withdrawal_respondent ON withdrawal_row (respondent);
CREATE INDEX withdrawal_noted ON withdrawal_row (noted);
CREATE VIEW withdrawal AS
    SELECT w.* FROM withdrawal_row w JOIN act_effective a ON a.id = w.act;

CREATE TABLE erasure_row (
    respondent INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id),
    PRIMARY KEY (respondent, generation)
) WITHOUT ROWID;
CREATE VIEW erasure AS
    SELECT e.* FROM erasure_row e JOIN act_effective a ON a.id = e.act;

CREATE TABLE epoch_row (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    subject_sha256 BLOB NOT NULL CHECK (length(subject_sha256) = 32),
    charter_sha256 BLOB NOT NULL CHECK (length(charter_sha256) = 32),
    subject TEXT NOT NULL,
    day INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE TABLE epoch_close_row (
    epoch INTEGER PRIMARY KEY REFERENCES epoch_row (number),
    at INTEGER NOT NULL,
    records INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE VIEW epoch_close AS
    SELECT c.* FROM epoch_close_row c JOIN act_effective a ON a.id = c.act;
CREATE TABLE arrangement_row (
    epoch INTEGER NOT NULL REFERENCES epoch_row (number),
    number INTEGER NOT NULL CHECK (number >= 1),
    bytes BLOB NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id),
    PRIMARY KEY (epoch, number)
) WITHOUT ROWID;
CREATE VIEW arrangement AS
    SELECT r.* FROM arrangement_row r JOIN act_effective a ON a.id = r.act;
CREATE TABLE share_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch INTEGER NOT NULL REFERENCES epoch_row (number) ON DELETE CASCADE,
    arrangement INTEGER NOT NULL,
    seat TEXT NOT NULL,
    charter_sha256 BLOB NOT NULL CHECK (length(charter_sha256) = 32),
    bytes BLOB NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE INDEX share_place ON share_row (epoch, arrangement, seat, id);
CREATE INDEX share_act ON share_row (act);
CREATE VIEW share AS
    SELECT s.* FROM share_row s JOIN act_effective a ON a.id = s.act;
CREATE VIEW epoch AS
    SELECT e.number, e.kind, e.id, e.sha256, e.subject_sha256,
        e.charter_sha256, e.subject, e.day, e.opened, e.bytes, e.act,
        c.at AS closed_at, c.records, c.root,
        ifnull((SELECT max(r.number) FROM arrangement r
            WHERE r.epoch = e.number), 0) AS arrangement
    FROM epoch_row e JOIN act_effective a ON a.id = e.act
    LEFT JOIN epoch_close c ON c.epoch = e.number;

CREATE TABLE batch (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    erased INTEGER NOT NULL
);

-- Sealed records, many to a row (docs/FORMATS.md section 5.3).
CREATE TABLE segment (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch INTEGER NOT NULL REFERENCES epoch_row (number),
    batch INTEGER NOT NULL REFERENCES batch (number),
    records INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32)
);
CREATE INDEX segment_epoch ON segment (epoch, number);
CREATE INDEX segment_batch ON segment (batch, number);
CREATE TABLE segment_body (
    number INTEGER PRIMARY KEY REFERENCES segment (number) ON DELETE CASCADE,
    bytes BLOB NOT NULL
);

CREATE TABLE quarantine (
    batch INTEGER NOT NULL REFERENCES batch (number),
    line INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (batch, line)
) WITHOUT ROWID;

-- Events seen: sorted runs of 16-byte keyed hashes, cut into chunks.
CREATE TABLE event_run (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    level INTEGER NOT NULL,
    events INTEGER NOT NULL
);
CREATE TABLE event_chunk (
    run INTEGER NOT NULL REFERENCES event_run (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    first BLOB NOT NULL CHECK (length(first) = 16),
    bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX event_chunk_first ON event_chunk (run, first);

-- Notice book, notices to send, release memory.
CREATE TABLE book_row (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    export TEXT NOT NULL,
    project TEXT NOT NULL,
    partner TEXT NOT NULL,
    plan_sha256 BLOB NOT NULL CHECK (length(plan_sha256) = 32),
    retention_until INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE INDEX book_export ON book_row (export, number);
CREATE INDEX book_act ON book_row (act);
CREATE VIEW book AS
    SELECT b.* FROM book_row b JOIN act_effective a ON a.id = b.act;
CREATE TABLE book_chunk (
    book INTEGER NOT NULL REFERENCES book_row (number) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX book_chunk_first ON book_chunk (book, first);

CREATE TABLE notice_due_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    export TEXT NOT NULL,
    partner TEXT NOT NULL,
    reason INTEGER NOT NULL,
    scopes INTEGER NOT NULL,
    block BLOB NOT NULL CHECK (length(block) = 16),
    since INTEGER NOT NULL,
    sent INTEGER,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE INDEX notice_due_open ON notice_due_row (partner, export, id)
    WHERE sent IS NULL;
CREATE VIEW notice_due AS
    SELECT n.* FROM notice_due_row n JOIN act_effective a ON a.id = n.act;

CREATE TABLE release_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    export TEXT NOT NULL,
    bytes BLOB NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE VIEW release_memory AS
    SELECT r.* FROM release_row r JOIN act_effective a ON a.id = r.act;

-- A void grant leaves nothing behind but its act.
CREATE TRIGGER act_void AFTER UPDATE OF state ON act WHEN NEW.state = 2
BEGIN
    DELETE FROM release_row WHERE act = NEW.id;
    DELETE FROM notice_due_row WHERE act = NEW.id;
    DELETE FROM book_row WHERE act = NEW.id;
    DELETE FROM share_row WHERE act = NEW.id;
    DELETE FROM arrangement_row WHERE act = NEW.id;
    DELETE FROM epoch_close_row WHERE act = NEW.id;
    DELETE FROM epoch_row WHERE act = NEW.id;
    DELETE FROM erasure_row WHERE act = NEW.id;
    DELETE FROM withdrawal_row WHERE act = NEW.id;
END;

-- A share sealed anew, and a book built again, take the place of the one before
-- once they count.
CREATE TRIGGER act_logged AFTER UPDATE OF state ON act WHEN NEW.state = 1
BEGIN
    DELETE FROM share_row WHERE id IN (
        SELECT o.id FROM share_row n JOIN share_row o
            ON o.epoch = n.epoch AND o.arrangement = n.arrangement
            AND o.seat = n.seat AND o.id < n.id
        WHERE n.act = NEW.id);
    DELETE FROM book_row WHERE number IN (
        SELECT o.number FROM book_row n JOIN book_row o
            ON o.export = n.export AND o.number < n.number
        WHERE n.act = NEW.id);
END;

PRAGMA user_version = 1;
