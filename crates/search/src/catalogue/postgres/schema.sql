-- Version 1 of the catalogue on a server. Everything lies in the schema `locvtp`, which the session has
-- first in its search path.
CREATE TABLE files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size bigint NOT NULL,
    sample bytea NOT NULL,
    state text NOT NULL,
    reason text,
    duration double precision NOT NULL,
    UNIQUE (size, sample)
);
-- Paths are bytes, since a path need not be text.
CREATE TABLE paths (
    path bytea PRIMARY KEY,
    file bigint NOT NULL REFERENCES files ON DELETE CASCADE,
    size bigint NOT NULL,
    modified bigint NOT NULL,
    changed bigint NOT NULL
);
CREATE INDEX paths_of_file ON paths (file);
CREATE TABLE waiting (
    path bytea PRIMARY KEY,
    size bigint NOT NULL,
    modified bigint NOT NULL,
    changed bigint NOT NULL
);
CREATE TABLE tracks (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file bigint NOT NULL UNIQUE REFERENCES files ON DELETE CASCADE
);

CREATE TABLE generations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    preprocessing text NOT NULL,
    sampling text NOT NULL,
    width integer NOT NULL,
    fingerprint bytea NOT NULL UNIQUE,
    calibration text
);
CREATE TABLE indexed (
    generation bigint NOT NULL REFERENCES generations ON DELETE CASCADE,
    file bigint NOT NULL REFERENCES files ON DELETE CASCADE,
    PRIMARY KEY (generation, file)
);
CREATE INDEX indexed_by_file ON indexed (file);
-- The vectors of each generation and kind stand in a table of their own, vectors_GENERATION_KIND, since
-- their width is part of a column's type. What must stand there of a track is said here.
CREATE TABLE runs (
    generation bigint NOT NULL REFERENCES generations ON DELETE CASCADE,
    kind text NOT NULL,
    track integer NOT NULL REFERENCES tracks ON DELETE CASCADE,
    num_rows integer NOT NULL,
    -- Of the rows, and of the numbers.
    rows_checksum bigint NOT NULL,
    numbers_checksum bigint NOT NULL,
    -- The vectors in single precision, one after the other, for the second look. Stored so that a part can
    -- be read alone.
    numbers bytea NOT NULL,
    PRIMARY KEY (generation, kind, track)
);
ALTER TABLE runs ALTER COLUMN numbers SET STORAGE EXTERNAL;
CREATE INDEX runs_of_track ON runs (track);

CREATE TABLE cues (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file bigint NOT NULL REFERENCES files ON DELETE CASCADE,
    start double precision NOT NULL,
    stop double precision NOT NULL,
    text text NOT NULL,
    language text,
    source text NOT NULL,
    words tsvector NOT NULL,
    num_words integer NOT NULL
);
CREATE INDEX cues_of_file ON cues (file, start);
CREATE INDEX cues_by_word ON cues USING gin (words) WITH (fastupdate = off);
-- How many cues and words there are: a rare word weighs more. Counted here, since cues also go with files.
CREATE TABLE cue_totals (num_cues bigint NOT NULL, num_words bigint NOT NULL);
INSERT INTO cue_totals VALUES (0, 0);
CREATE FUNCTION count_cues() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    UPDATE locvtp.cue_totals SET num_cues = cue_totals.num_cues + sign * counted.num_cues,
                          num_words = cue_totals.num_words + sign * counted.num_words
    FROM (SELECT count(*) AS num_cues, coalesce(sum(num_words), 0) AS num_words FROM changed) counted
    WHERE counted.num_cues > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER cues_added AFTER INSERT ON cues REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_cues();
CREATE TRIGGER cues_removed AFTER DELETE ON cues REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_cues();
-- How often a phrase stands in a cue: the places of its first word that the others follow one by one.
CREATE FUNCTION num_phrases(words tsvector, phrase text[]) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM unnest(words) AS first, unnest(first.positions) AS place
    WHERE first.lexeme = phrase[1] AND NOT EXISTS (
        SELECT FROM unnest(phrase) WITH ORDINALITY AS next (word, number) WHERE NOT EXISTS (
            SELECT FROM unnest(words) AS other
            WHERE other.lexeme = next.word AND place + next.number - 1 = ANY (other.positions)
        )
    )
$$;

CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    state text NOT NULL,
    progress text NOT NULL,
    message text
);
