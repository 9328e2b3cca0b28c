-- A token between two questions, if the operator seals tokens: encrypted to the key with
-- the id sealed_to. It is erased when the token is dead.

-- +goose Up
alter table token add column sealed bytea;
alter table token add column sealed_to text not null default '';

-- +goose Down
alter table token drop column sealed_to;
alter table token drop column sealed;
