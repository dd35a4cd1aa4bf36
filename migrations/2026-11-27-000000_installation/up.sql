-- What belongs to this database as a whole. One row.
create table installation (
    only_row    boolean primary key default true check (only_row),
    id          uuid not null default gen_random_uuid(),
    -- What the demo's tokens are signed with, where a demo runs in this database; never a platform's own secret.
    demo_secret text,
    created_at  timestamptz not null default now()
);
insert into installation default values;
