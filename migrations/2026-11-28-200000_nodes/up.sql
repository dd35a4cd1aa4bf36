-- The servers that run on this database. Each writes its row once a second, by the database's clock, and deletes it when it stops.
create table nodes (
    -- Of this start of the server.
    id         uuid primary key,
    tag        text,
    -- Where it listens, and its version, for operators.
    address    text not null,
    version    text not null,
    -- The versions of the wire that it reads, from and to; null without Redis.
    wire_from  smallint,
    wire_to    smallint,
    started_at timestamptz not null default clock_timestamp(),
    beat_at    timestamptz not null default clock_timestamp(),
    -- It is stopping.
    leaving    boolean not null default false
) with (fillfactor = 50);
