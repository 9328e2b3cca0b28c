-- What others tell the fleet: see told too, which 00005 has made.

-- +goose Up
alter table repo add column pushed bigint not null default 0; -- 1 if a push was told since its visit began

create table heard (                   -- messages of webhooks, so that a replay changes nothing
    digest text primary key,           -- HMAC of the body
    at bigint not null
);
create index heard_at on heard (at);

create table want (                    -- commits that a push has dropped: no ref names them
    repo text not null references repo (id) on delete cascade,
    id text not null,
    at bigint not null,
    primary key (repo, id)
);

-- +goose Down
drop table want;
drop table heard;
alter table repo drop column pushed;
