-- What the fleet does about a token that is live and public, and what it is told by
-- others. No column holds a token or an address of a person.

-- +goose Up
alter table repo add column public bigint not null default 0; -- 1 if its server showed it without credentials when that was last asked

create table notice (
    id text primary key,               -- random: the job's argument, and the key that keeps a receiver from acting twice
    token text not null references token (id) on delete cascade,
    channel text not null,             -- disable, mail, or a webhook's name in the configuration
    state text not null,               -- planned, due, sending, sent, refused or uncertain
    epoch bigint not null default 1,   -- one attempt; who commits must have this one
    owner text,                        -- the worker that sends it
    tries bigint not null default 0,   -- attempts in a row that reached nobody
    error text not null default '',
    lead text not null default '',     -- the notice whose mail also tells this one
    made bigint not null default 0,
    since bigint not null,             -- when it came into this state
    due bigint not null,               -- when it is sent, if the state is due
    unique (token, channel)
);
create index notice_state on notice (state, due);

create table recipient (
    digest text primary key,           -- HMAC of an address, so that it is not kept
    mailed bigint not null             -- when the last mail went there
);

create table told (                    -- where others say that a token stands
    token text not null references token (id) on delete cascade,
    source text not null,              -- github or gitlab
    kind text not null,                -- content, issue_comment, …
    url text not null,                 -- as they wrote it, for people: it is never fetched
    at bigint not null,
    primary key (token, source, kind, url)
);

create table entry (                   -- the log of acts: rows are added, and removed by forget only
    id text primary key,
    at bigint not null,
    who text not null,                 -- a worker, or a person of the page or the command
    act text not null,
    token text references token (id) on delete cascade,
    channel text not null default '',
    why text not null default ''
);
create index entry_token on entry (token, at);
create index token_live on token (status) where status = 'live';

-- What the page lists, in pages. Its queries have the same words.
create index token_list on token (status, first_seen, id);
create index repo_list on repo ((case when state in ('failed', 'aside') then 0 else 1 end), url);
create index notice_list on notice (state, since, id);
create index entry_list on entry (at, id);
create index verdict_at on verdict (at);

-- +goose Down
drop index verdict_at;
drop index repo_list;
drop index token_list;
drop index token_live;
drop table entry;
drop table told;
drop table recipient;
drop table notice;
alter table repo drop column public;
