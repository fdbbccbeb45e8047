-- The reviews of projects that were held, notices for an EPCI, questions left without an answer by EPCI. Times are microseconds
-- since 1970 UTC (database.Stamp), days ISO texts.

-- +goose Up
CREATE TABLE revues (
	-- scope is the SIREN of an EPCI or the code of a committee.
	scope   TEXT NOT NULL,
	day     TEXT NOT NULL,
	since   INTEGER NOT NULL,
	held_at INTEGER NOT NULL,
	-- told is who the document was sent to, '' when there was nothing to say.
	told    TEXT NOT NULL,
	PRIMARY KEY (scope, day)
);

-- epci is the SIREN of the EPCI that is told, '' when it is a direction or a conversation.
ALTER TABLE notices ADD COLUMN epci TEXT NOT NULL DEFAULT '';
-- epci is the SIREN of the partner that asked, '' for anybody else.
ALTER TABLE gaps ADD COLUMN epci TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE gaps DROP COLUMN epci;
ALTER TABLE notices DROP COLUMN epci;
DROP TABLE revues;
