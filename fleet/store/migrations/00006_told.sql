-- What others tell the fleet: see told too, which 00005 has made.

-- +goose Up
alter table repo add column pushed bigint not null default 0; -- 1 if a push was told since its visit began

create table heard (                   -- messages of webhooks, so that a replay changes nothing
    digest text primary key,           -- HMAC of the body
    at bigint not null
);
create index heard_at on heard (at);

-- +goose Down
drop table heard;
alter table repo drop column pushed;
