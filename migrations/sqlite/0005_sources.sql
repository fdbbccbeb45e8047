-- Pages and files read by their address, and how much of a text was damaged before it came here. Times are microseconds since
-- 1970 UTC, 0 for never.

-- +goose Up
ALTER TABLE documents ADD COLUMN damaged REAL NOT NULL DEFAULT 0; -- share of the text, from 0 to 1

CREATE TABLE remotes (
	address  TEXT PRIMARY KEY,
	audience INTEGER NOT NULL CHECK (audience BETWEEN 1 AND 3),
	epci     TEXT NOT NULL,
	mapping  TEXT NOT NULL, -- YAML, '' without one
	etag     TEXT NOT NULL,
	modified TEXT NOT NULL, -- Last-Modified, as it was given
	reading  TEXT NOT NULL, -- how the version of the etag was read
	tried_at INTEGER NOT NULL,
	seen_at  INTEGER NOT NULL,
	failure  TEXT NOT NULL, -- of the last try, '' when it had an answer
	gone     BOOLEAN NOT NULL
);

-- +goose Down
DROP TABLE remotes;
ALTER TABLE documents DROP COLUMN damaged;
