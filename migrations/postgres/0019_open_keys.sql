-- Only open requests are compared with one that is taken: the others need no keys, nor twins to show. They get both again when they
-- are reopened.

-- +goose Up
DELETE FROM request_keys WHERE request_id IN (SELECT id FROM requests WHERE status NOT IN ('waiting', 'transmitted', 'taken'));
DELETE FROM request_twins WHERE told_at = 0 AND (first_id IN (SELECT id FROM requests WHERE status NOT IN ('waiting', 'transmitted', 'taken'))
	OR second_id IN (SELECT id FROM requests WHERE status NOT IN ('waiting', 'transmitted', 'taken')));

-- +goose Down
-- The following up of a request that is open gives it its keys if it has none.
SELECT 1;
