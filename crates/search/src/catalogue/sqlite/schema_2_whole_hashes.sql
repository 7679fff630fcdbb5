-- Version 2 of the catalogue: a hash of the whole of each file, where it is known. Files of one size and sample may be
-- several. A constraint of a table cannot be changed, so the table is made anew; its numbers go on.
CREATE TABLE files_2 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL,
    sample BLOB NOT NULL,
    whole BLOB,
    state TEXT NOT NULL,
    reason TEXT,
    duration REAL NOT NULL,
    UNIQUE (size, sample, whole)
);
-- Of files up to 192 KiB the sample is of the whole.
INSERT INTO files_2 SELECT id, size, sample, CASE WHEN size <= 196608 THEN sample END, state, reason, duration
FROM files;
DELETE FROM sqlite_sequence WHERE name = 'files_2';
INSERT INTO sqlite_sequence SELECT 'files_2', seq FROM sqlite_sequence WHERE name = 'files';
DROP TABLE files;
ALTER TABLE files_2 RENAME TO files;
