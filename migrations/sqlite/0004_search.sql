-- What search needs, the same on both engines: passages numbered by document, the words of each as a set, how often words
-- come under each right, and vectors of meaning. BM25 is computed in Go from these.

-- +goose Up
-- The number of the last change of the base. Writers queue on it, documents take theirs from it and never another's, and
-- what is held in memory knows by it that it is stale.
CREATE TABLE base_changes (last INTEGER NOT NULL);
INSERT INTO base_changes SELECT coalesce(max(number), 0) FROM documents;

-- changed is the change at which the document's passages or vectors last changed.
ALTER TABLE documents ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
-- length counts the passage's words with its titles'; meaning is the SHA-256, in hexadecimal, of the text that vectors are
-- made of, '' until it is computed.
ALTER TABLE passages ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
ALTER TABLE passages ADD COLUMN meaning TEXT NOT NULL DEFAULT '';
CREATE INDEX passages_meaning ON passages (meaning);

-- A passage's number holds that of its document: number >> 20.
UPDATE passages SET number = -number;
UPDATE passages SET number = (document << 20) + ordinal,
	length = CASE title_words WHEN '' THEN 0 ELSE length(title_words) - length(replace(title_words, ' ', '')) + 1 END
		+ CASE path_words WHEN '' THEN 0 ELSE length(path_words) - length(replace(path_words, ' ', '')) + 1 END
		+ CASE body_words WHEN '' THEN 0 ELSE length(body_words) - length(replace(body_words, ' ', '')) + 1 END;

DROP TABLE passage_vocabulary;
DROP TABLE passage_words;
DROP TABLE document_words;
CREATE VIRTUAL TABLE passage_words USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii');
INSERT INTO passage_words (rowid, words) SELECT number, title_words || ' ' || path_words || ' ' || body_words FROM passages;

-- +goose StatementBegin
CREATE TRIGGER passages_indexed AFTER INSERT ON passages BEGIN
	INSERT INTO passage_words (rowid, words) VALUES (new.number, new.title_words || ' ' || new.path_words || ' ' || new.body_words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
	DELETE FROM passage_words WHERE rowid = old.number;
END;
-- +goose StatementEnd

-- How many passages and documents of each right hold a word; the word '' counts them all.
CREATE TABLE word_counts (
	word      TEXT NOT NULL,
	audience  INTEGER NOT NULL,
	epci      TEXT NOT NULL,
	passages  INTEGER NOT NULL,
	documents INTEGER NOT NULL,
	PRIMARY KEY (word, audience, epci)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab (passage_words, 'instance');
INSERT INTO word_counts SELECT v.term, d.audience, d.epci, count(DISTINCT v.doc), count(DISTINCT d.number)
	FROM passage_vocabulary v JOIN documents d ON d.number = v.doc >> 20 GROUP BY v.term, d.audience, d.epci;
DROP TABLE passage_vocabulary;
INSERT INTO word_counts SELECT '', audience, epci, sum(passages), count(*) FROM documents GROUP BY audience, epci;

-- The models that made vectors. A model answers questions from ready on, when every passage had its vector.
CREATE TABLE models (
	number     INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	dimensions INTEGER NOT NULL,
	settings   TEXT NOT NULL, -- JSON, knowledge.Model
	ready      INTEGER NOT NULL DEFAULT 0
);

-- One vector a model and a text, whatever the passages that hold it: eight bits a dimension after the scale (four bytes).
CREATE TABLE vectors (
	model   INTEGER NOT NULL REFERENCES models (number) ON DELETE CASCADE,
	meaning TEXT NOT NULL,
	vector  BLOB NOT NULL,
	PRIMARY KEY (model, meaning)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE vectors;
DROP TABLE models;
DROP TABLE word_counts;
DROP TRIGGER passages_removed;
DROP TRIGGER passages_indexed;
DROP TABLE passage_words;
DROP INDEX passages_meaning;
ALTER TABLE passages DROP COLUMN meaning;
ALTER TABLE passages DROP COLUMN length;
ALTER TABLE documents DROP COLUMN changed;
DROP TABLE base_changes;
CREATE VIRTUAL TABLE document_words USING fts5 (title, body, content='', contentless_delete=1, tokenize='ascii');
CREATE VIRTUAL TABLE passage_words USING fts5 (title, path, body, content='', contentless_delete=1, tokenize='ascii');
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab (passage_words, 'instance');
