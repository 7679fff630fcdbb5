-- Version 2 of the catalogue: a hash of the whole of each file, where it is known. Files of one size and sample may be
-- several.
ALTER TABLE files ADD COLUMN whole bytea;
ALTER TABLE files DROP CONSTRAINT files_size_sample_key;
ALTER TABLE files ADD UNIQUE (size, sample, whole);
-- Of files up to 192 KiB the sample is of the whole.
UPDATE files SET whole = sample WHERE size <= 196608;
