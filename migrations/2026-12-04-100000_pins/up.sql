-- One row for each message that was ever pinned: `seq` is that of its newest change, as in `reactions`.
create table pins (
    conversation_no bigint not null,
    target_seq      bigint not null,
    user_no         bigint not null references users,
    seq             bigint not null,
    removed         boolean not null,
    -- From then on it counts as removed.
    expires_at      timestamptz,
    changed_at      timestamptz not null default now(),
    primary key (conversation_no, target_seq)
);
create unique index pins_seq on pins (conversation_no, seq);
create index pins_standing on pins (conversation_no, target_seq) where not removed;
