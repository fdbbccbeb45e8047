-- Answers worded by a model, by day. who is a digest that tells people apart within a day, empty for all together; only the
-- present day is kept.

-- +goose Up
CREATE TABLE model_answers (
	day     TEXT COLLATE "C" NOT NULL,
	who     TEXT COLLATE "C" NOT NULL,
	answers BIGINT NOT NULL,
	PRIMARY KEY (day, who)
);

-- +goose Down
DROP TABLE model_answers;
