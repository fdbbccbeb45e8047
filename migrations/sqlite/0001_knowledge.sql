-- Dates are « AAAA-MM-JJ » texts, which sort as they read; '' when there is none. Words come analysed from Go (package
-- knowledge): the full-text tables only split on spaces, so that both engines index the same words.

-- +goose Up
CREATE TABLE documents (
	number      INTEGER PRIMARY KEY,
	id          TEXT NOT NULL UNIQUE,
	title       TEXT NOT NULL,
	source      TEXT NOT NULL UNIQUE,
	url         TEXT NOT NULL,
	audience    INTEGER NOT NULL CHECK (audience BETWEEN 1 AND 3),
	epci        TEXT NOT NULL,
	date        TEXT NOT NULL,
	valid_from  TEXT NOT NULL,
	valid_until TEXT NOT NULL,
	unavailable INTEGER NOT NULL,
	words       INTEGER NOT NULL, -- analysed words of the text
	passages    INTEGER NOT NULL, -- how many there are
	hash        TEXT NOT NULL
);

CREATE TABLE passages (
	number   INTEGER PRIMARY KEY,
	document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
	ordinal  INTEGER NOT NULL,
	kind     INTEGER NOT NULL,
	path     TEXT NOT NULL, -- JSON list of titles, outermost first
	text     TEXT NOT NULL,
	offset   INTEGER NOT NULL,
	page     INTEGER NOT NULL,
	-- The analysed words, as given to the full-text table.
	title_words TEXT NOT NULL,
	path_words  TEXT NOT NULL,
	body_words  TEXT NOT NULL,
	UNIQUE (document, ordinal)
);

-- Whole documents find the right one when a question's words are spread over it; passages find the place.
CREATE VIRTUAL TABLE document_words USING fts5 (title, body, content='', contentless_delete=1, tokenize='ascii');
CREATE VIRTUAL TABLE passage_words USING fts5 (title, path, body, content='', contentless_delete=1, tokenize='ascii');
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab (passage_words, 'instance');

-- +goose Down
DROP TABLE passage_vocabulary;
DROP TABLE passage_words;
DROP TABLE document_words;
DROP TABLE passages;
DROP TABLE documents;
