-- Times are milliseconds since 1970 by the database's clock. No column holds a token.

-- +goose Up
create table repo (
    id text primary key,               -- random, so that a job's arguments name nobody
    url text not null unique,
    host text not null,
    size text not null default 'small',
    epoch bigint not null default 1,   -- one visit; who commits must have this one
    state text not null default 'queued', -- queued, scanning, done, failed or aside
    owner text,                        -- the worker that scans it
    refs text not null default '',     -- digest of the refs that were scanned
    commits bigint not null default 0, -- visits that were committed
    scans bigint not null default 0,   -- those of them that fetched a pack
    failures bigint not null default 0,-- visits in a row that failed
    deaths bigint not null default 0,  -- workers in a row that died of it
    error text not null default '',
    unread text not null default '[]', -- what the last scan could not read
    scanned bigint,
    due bigint                         -- when the sweep visits it again
);
create index repo_state on repo (state, due);

create table token (
    id text primary key,               -- first 16 digits of the SHA-256
    rule text not null,
    mask text not null,
    first_seen bigint not null,
    open bigint not null,              -- 1 while it is asked about
    generation bigint not null default 1, -- of the question; who commits must have this one
    owner text,                        -- the worker that asks
    status text not null default 'unchecked',
    reason text not null default '',
    account text not null default 'null',
    checked bigint,
    answers bigint not null default 0, -- clear answers
    refused bigint not null default 0, -- refusals in a row
    tries bigint not null default 0,   -- attempts in a row without a clear answer
    due bigint
);

create table finding (
    repo text not null references repo (id) on delete cascade,
    token text not null references token (id) on delete cascade,
    first_seen bigint not null,
    gone bigint,                       -- when a scan no longer found it
    body text not null,                -- places, as in r8scan's JSON
    primary key (repo, token)
);
create index finding_token on finding (token);

create table verdict (
    token text not null references token (id) on delete cascade,
    generation bigint not null,
    at bigint not null,
    status text not null,
    reason text not null,
    primary key (token, generation)
);

create table worker (
    id text primary key,
    started bigint not null,
    until bigint not null,
    draining bigint not null default 0
);

create table budget (
    host text primary key,
    free bigint not null               -- microseconds: when the next request may go
);

create table forgotten (
    kind text not null,                -- repository or token
    at bigint not null
);

-- +goose Down
drop table forgotten;
drop table budget;
drop table worker;
drop table verdict;
drop table finding;
drop table token;
drop table repo;
