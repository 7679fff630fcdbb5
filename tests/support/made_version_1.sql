-- Makes a catalogue one of version 1: without what version 2 brought. Foreign keys must be off.
CREATE TABLE files_1 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL,
    sample BLOB NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    duration REAL NOT NULL,
    UNIQUE (size, sample)
);
INSERT INTO files_1 SELECT id, size, sample, state, reason, duration FROM files;
DELETE FROM sqlite_sequence WHERE name = 'files_1';
INSERT INTO sqlite_sequence SELECT 'files_1', seq FROM sqlite_sequence WHERE name = 'files';
DROP TABLE files;
ALTER TABLE files_1 RENAME TO files;
-- Such a one has no checksums of its records.
DROP TABLE IF EXISTS seals;
PRAGMA user_version = 1;
