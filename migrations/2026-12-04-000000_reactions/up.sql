-- One row for each message, emoji and person, for ever: `seq` is that of its newest change. The seqs of the changes before it are void, and
-- in no table. No foreign key of the conversation, as in `messages`.
create table reactions (
    conversation_no bigint not null,
    target_seq      bigint not null,
    emoji           text collate "C" not null,
    user_no         bigint not null references users,
    seq             bigint not null,
    removed         boolean not null,
    changed_at      timestamptz not null default now(),
    primary key (conversation_no, target_seq, emoji, user_no)
);
create unique index reactions_seq on reactions (conversation_no, seq);
