-- +goose Up
create table source (
    id text primary key,               -- random, so that a job's arguments name nobody
    name text not null unique,         -- such as github:acme
    epoch bigint not null default 1,   -- one page of one listing; who commits must have this one
    state text not null default 'queued', -- queued, listing, done or failed
    owner text,                        -- the worker that lists it
    page text not null default '',     -- the cursor of the next page
    listed bigint not null default 0,  -- repositories of the listing that goes on, or of the last one
    failures bigint not null default 0,-- pages in a row that failed
    error text not null default '',
    unread text not null default '[]', -- what of the list is not followed
    due bigint                         -- when the sweep lists it again
);

-- +goose Down
drop table source;
