-- Pages and files read by their address, and how much of a text was damaged before it came here. Times are microseconds since
-- 1970 UTC, 0 for never.

-- +goose Up
ALTER TABLE documents ADD COLUMN damaged DOUBLE PRECISION NOT NULL DEFAULT 0; -- share of the text, from 0 to 1

CREATE TABLE remotes (
	address  TEXT COLLATE "C" PRIMARY KEY,
	audience INTEGER NOT NULL CHECK (audience BETWEEN 1 AND 3),
	epci     TEXT COLLATE "C" NOT NULL,
	mapping  TEXT COLLATE "C" NOT NULL, -- YAML, '' without one
	etag     TEXT COLLATE "C" NOT NULL,
	modified TEXT COLLATE "C" NOT NULL, -- Last-Modified, as it was given
	reading  TEXT COLLATE "C" NOT NULL, -- how the version of the etag was read
	tried_at BIGINT NOT NULL,
	seen_at  BIGINT NOT NULL,
	failure  TEXT COLLATE "C" NOT NULL, -- of the last try, '' when it had an answer
	gone     BOOLEAN NOT NULL
);

-- +goose Down
DROP TABLE remotes;
ALTER TABLE documents DROP COLUMN damaged;
