-- The history of the conventions, and those that were recorded by mistake and removed. Times are microseconds since 1970 UTC
-- (database.Stamp); JSON is text.

-- +goose Up
-- removed_at is 0 while the convention stands; one that is removed is read no more, but its history and its alerts.
ALTER TABLE conventions ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;

CREATE TABLE convention_events (
	id         INTEGER PRIMARY KEY,
	convention TEXT NOT NULL REFERENCES conventions (id),
	at         INTEGER NOT NULL,
	-- kind is added, corrected or removed (convention.Change).
	kind       TEXT NOT NULL,
	actor      TEXT NOT NULL,
	why        TEXT NOT NULL,
	-- body is JSON, the convention as it was left.
	body       TEXT NOT NULL
);
CREATE INDEX convention_events_convention ON convention_events (convention, id);

-- +goose Down
DROP TABLE convention_events;
ALTER TABLE conventions DROP COLUMN removed_at;
