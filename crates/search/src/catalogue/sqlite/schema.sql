-- Version 1 of the catalogue.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- `revision` grows with every change of which vectors count.
INSERT INTO counters VALUES ('revision', 0), ('next_segment', 1);

-- Numbers are never given twice, so that a reader's older snapshot names nothing else.
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL,
    sample BLOB NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    duration REAL NOT NULL,
    UNIQUE (size, sample)
);
CREATE TABLE paths (
    path PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX paths_of_file ON paths (file);
CREATE TABLE waiting (
    path PRIMARY KEY,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE TABLE tracks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file INTEGER NOT NULL UNIQUE REFERENCES files (id) ON DELETE CASCADE
);

CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    preprocessing TEXT NOT NULL,
    sampling TEXT NOT NULL,
    width INTEGER NOT NULL,
    fingerprint BLOB NOT NULL UNIQUE,
    calibration TEXT
);
CREATE TABLE indexed (
    generation INTEGER NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    PRIMARY KEY (generation, file)
) WITHOUT ROWID;
CREATE INDEX indexed_by_file ON indexed (file);
-- A segment without a run is removed with its file, so it outlives its generation for a moment.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    kind TEXT NOT NULL,
    num_vectors INTEGER NOT NULL
);
-- A track's vectors of one kind: clip `i` is row `first_row + i` of the segment, where its span stands.
CREATE TABLE runs (
    generation INTEGER NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    track INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    segment INTEGER NOT NULL REFERENCES segments (id),
    first_row INTEGER NOT NULL,
    num_rows INTEGER NOT NULL,
    PRIMARY KEY (generation, kind, track)
) WITHOUT ROWID;
CREATE INDEX runs_of_segment ON runs (segment);
CREATE INDEX runs_of_track ON runs (track);

CREATE TABLE cues (
    id INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    start REAL NOT NULL,
    stop REAL NOT NULL,
    text TEXT NOT NULL,
    language TEXT,
    source TEXT NOT NULL
);
CREATE INDEX cues_of_file ON cues (file, start);
CREATE VIRTUAL TABLE cue_words USING fts5 (
    text, content = 'cues', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER cue_added AFTER INSERT ON cues BEGIN
    INSERT INTO cue_words (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER cue_removed AFTER DELETE ON cues BEGIN
    INSERT INTO cue_words (cue_words, rowid, text) VALUES ('delete', old.id, old.text);
END;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    progress TEXT NOT NULL,
    message TEXT
);
