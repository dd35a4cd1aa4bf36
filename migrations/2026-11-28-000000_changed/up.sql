-- The durable feed: each commit that changes conversations writes one row, which names them. Consumers read the rows in the order of
-- (tx, no), and only those of transactions that began before every transaction that is still under way: a number is taken before its row
-- becomes visible, so rows do not become visible in the order of their numbers. A row is deleted when every consumer is beyond it.
create table changed (
    no          bigint generated always as identity,
    tx          xid8 not null default pg_current_xact_id(),
    -- What the numbers are of: `conversation`.
    kind        text not null,
    numbers     bigint[] not null,
    created_at  timestamptz not null default now(),
    primary key (tx, no)
);
