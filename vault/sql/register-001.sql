-- gateway.db, version 1.
--
-- Tables named *_row carry the act that brought them and are read only through
-- the view of the name without _row.
PRAGMA application_id = 0x417a5247;

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

CREATE TABLE owner_row (
    code TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    added INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
) WITHOUT ROWID;
CREATE VIEW owner AS
    SELECT o.* FROM owner_row o JOIN act_effective a ON a.id = o.act;

CREATE TABLE document_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    owner TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    added INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id),
    UNIQUE (kind, owner, sha256)
);
-- Charter, policy, survey, request, plan, epochs, statement, disclosure,
-- digests, notice: one of each name.
CREATE UNIQUE INDEX document_once
    ON document_row (kind, owner, subject, name, version)
    WHERE kind IN (1, 2, 3, 6, 8, 9, 14, 15, 16, 19);
CREATE INDEX document_act ON document_row (act);
CREATE TABLE document_bytes (
    document INTEGER PRIMARY KEY
        REFERENCES document_row (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
);
CREATE VIEW document AS
    SELECT d.* FROM document_row d JOIN act_effective a ON a.id = d.act;

CREATE TABLE signature_row (
    document INTEGER NOT NULL REFERENCES document_row (id) ON DELETE CASCADE,
    signer TEXT NOT NULL,
    bytes BLOB NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id),
    PRIMARY KEY (document, signer)
) WITHOUT ROWID;
CREATE VIEW signature AS
    SELECT s.* FROM signature_row s JOIN act_effective a ON a.id = s.act
    JOIN document d ON d.id = s.document;

CREATE TABLE source_row (
    owner TEXT NOT NULL,
    source TEXT NOT NULL,
    id_namespace TEXT NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id),
    PRIMARY KEY (owner, source)
) WITHOUT ROWID;
CREATE VIEW source AS
    SELECT s.* FROM source_row s JOIN act_effective a ON a.id = s.act;

CREATE TABLE draft (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;

CREATE TABLE signed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    checkpoint BLOB NOT NULL
);

CREATE TABLE seen (
    owner TEXT NOT NULL,
    kind INTEGER NOT NULL,
    database_id BLOB NOT NULL CHECK (length(database_id) = 16),
    generation INTEGER NOT NULL,
    PRIMARY KEY (owner, kind)
) WITHOUT ROWID;

-- Plans, exports, duties.
CREATE TABLE plan_number (
    year INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
);
-- Outlives its plan: a recipient is never used twice, not even after a void.
CREATE TABLE plan_recipient (
    recipient BLOB PRIMARY KEY NOT NULL CHECK (length(recipient) = 32)
) WITHOUT ROWID;

CREATE TABLE plan_row (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    export_id TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    project TEXT NOT NULL,
    partner TEXT NOT NULL,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    recipient BLOB NOT NULL REFERENCES plan_recipient (recipient),
    frozen INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
) WITHOUT ROWID;
CREATE TABLE plan_state_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan TEXT NOT NULL REFERENCES plan_row (id) ON DELETE CASCADE,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE INDEX plan_state_plan ON plan_state_row (plan, id);
CREATE VIEW plan_state AS
    SELECT s.* FROM plan_state_row s JOIN act_effective a ON a.id = s.act;
CREATE VIEW plan AS
    SELECT p.*, s.state, s.why, s.at
    FROM plan_row p JOIN act_effective a ON a.id = p.act
    JOIN plan_state s ON s.plan = p.id
    WHERE s.id = (SELECT max(t.id) FROM plan_state t WHERE t.plan = p.id);

CREATE TABLE export_row (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    plan TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    partner TEXT NOT NULL,
    started INTEGER NOT NULL,
    retention_until INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
) WITHOUT ROWID;
CREATE TABLE export_state_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    export TEXT NOT NULL REFERENCES export_row (id) ON DELETE CASCADE,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE INDEX export_state_export ON export_state_row (export, id);
CREATE VIEW export_state AS
    SELECT s.* FROM export_state_row s JOIN act_effective a ON a.id = s.act;
CREATE VIEW export AS
    SELECT e.*, s.state, s.why, s.at
    FROM export_row e JOIN act_effective a ON a.id = e.act
    JOIN export_state s ON s.export = e.id
    WHERE s.id = (SELECT max(t.id) FROM export_state t WHERE t.export = e.id);
CREATE TABLE built_row (
    export TEXT PRIMARY KEY NOT NULL
        REFERENCES export_row (id) ON DELETE CASCADE,
    sha256sums_sha256 BLOB NOT NULL CHECK (length(sha256sums_sha256) = 32),
    consent_root BLOB NOT NULL CHECK (length(consent_root) = 32),
    notice_book_sha256 BLOB NOT NULL CHECK (length(notice_book_sha256) = 32),
    file TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    respondents INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
) WITHOUT ROWID;
CREATE VIEW built AS
    SELECT b.* FROM built_row b JOIN act_effective a ON a.id = b.act;

CREATE TABLE duty_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    owner TEXT NOT NULL,
    partner TEXT NOT NULL,
    export TEXT NOT NULL,
    number INTEGER NOT NULL,
    due INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id),
    UNIQUE (kind, owner, partner, export, number)
);
CREATE TABLE duty_done_row (
    duty INTEGER PRIMARY KEY REFERENCES duty_row (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    act INTEGER NOT NULL REFERENCES act (id)
);
CREATE VIEW duty_done AS
    SELECT d.* FROM duty_done_row d JOIN act_effective a ON a.id = d.act;
CREATE VIEW duty_open AS
    SELECT d.* FROM duty_row d JOIN act_effective a ON a.id = d.act
    WHERE NOT EXISTS (SELECT 1 FROM duty_done x WHERE x.duty = d.id);

-- A void grant leaves nothing behind but its act.
CREATE TRIGGER act_void AFTER UPDATE OF state ON act WHEN NEW.state = 2
BEGIN
    DELETE FROM duty_done_row WHERE act = NEW.id;
    DELETE FROM duty_row WHERE act = NEW.id;
    DELETE FROM built_row WHERE act = NEW.id;
    DELETE FROM export_state_row WHERE act = NEW.id;
    DELETE FROM export_row WHERE act = NEW.id;
    DELETE FROM plan_state_row WHERE act = NEW.id;
    DELETE FROM plan_row WHERE act = NEW.id;
    DELETE FROM source_row WHERE act = NEW.id;
    DELETE FROM signature_row WHERE act = NEW.id;
    DELETE FROM document_row WHERE act = NEW.id;
    DELETE FROM owner_row WHERE act = NEW.id;
END;

PRAGMA user_version = 1;
