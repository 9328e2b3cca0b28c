-- What the last scan of a repository leaves for the next one, as r8scan remembers it:
-- ids of commits, and places, masks and ids of tokens.

-- +goose Up
create table memory (
    repo text primary key references repo (id) on delete cascade,
    name bytea not null,               -- a digest of what was scanned, and with which rules
    body bytea not null
);

-- +goose Down
drop table memory;
