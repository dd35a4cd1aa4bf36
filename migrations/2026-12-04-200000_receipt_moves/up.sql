-- When each participant's watermarks moved, and up to where; rows older than 90 days are deleted. No foreign keys, as in `messages`.
create table receipt_moves (
    conversation_no bigint not null,
    user_no         bigint not null,
    is_read         boolean not null,
    seq             bigint not null,
    at              timestamptz not null default now(),
    primary key (conversation_no, user_no, is_read, seq)
);
create index receipt_moves_at on receipt_moves (at);
