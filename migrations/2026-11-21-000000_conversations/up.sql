create table users (
    no          bigint generated always as identity primary key,
    id          text not null unique,
    name        text,
    email       text,
    avatar_url  text,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

-- last_seq changes with every message: room is left on each page so that the update stays on it and touches no index.
create table conversations (
    no              bigint generated always as identity primary key,
    id              uuid not null unique,
    kind            text not null check (kind in ('direct', 'group', 'support')),
    title           text,
    status          text not null default 'open' check (status in ('open', 'closed', 'archived')),
    subject_type    text,
    subject_id      text,
    subject         jsonb,
    same_key        text unique,
    created_by      bigint not null references users,
    last_seq        bigint not null default 0,
    policy_version  bigint not null default 0,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
) with (fillfactor = 70);
create index conversations_subject on conversations (subject_type, subject_id) where subject_type is not null;

create table participants (
    conversation_no bigint not null references conversations,
    user_no         bigint not null references users,
    role            text not null,
    membership      text not null default 'present' check (membership in ('present', 'left', 'removed')),
    muted           boolean not null default false,
    blocked         boolean not null default false,
    delivered_seq   bigint not null default 0,
    read_seq        bigint not null default 0,
    joined_at       timestamptz not null default now(),
    primary key (conversation_no, user_no)
) with (fillfactor = 70);
create index participants_user on participants (user_no, conversation_no);

-- No foreign keys: a check for each row costs more than the row. The append statement joins conversations,
-- and takes the sender from an authenticated principal; no check of `kind`, which only a closed enum writes.
-- Two indexes, both needed by a promise: order, and exactly once.
create table messages (
    conversation_no  bigint not null,
    seq              bigint not null,
    sender_no        bigint not null,
    client_id        text collate "C" not null,
    fingerprint      bigint not null,
    kind             text not null,
    body             text not null,
    reply_to         bigint,
    attachments      jsonb,
    context          jsonb,
    audience_role    text,
    audience_user_no bigint,
    created_at       timestamptz not null,
    edited_at        timestamptz,
    deleted_at       timestamptz,
    primary key (conversation_no, seq)
);
create unique index messages_client_id on messages (sender_no, client_id);

create table message_changes (
    conversation_no bigint not null,
    seq             bigint not null,
    target_seq      bigint not null,
    actor_no        bigint not null references users,
    action          text not null check (action in ('edited', 'deleted')),
    earlier_body    text not null,
    created_at      timestamptz not null default now(),
    primary key (conversation_no, seq)
);
create index message_changes_target on message_changes (conversation_no, target_seq);

create table participant_changes (
    conversation_no bigint not null,
    seq             bigint not null,
    user_no         bigint not null references users,
    actor_no        bigint not null references users,
    action          text not null check (action in ('added', 'returned', 'changed', 'left', 'removed')),
    role            text not null,
    muted           boolean not null,
    blocked         boolean not null,
    created_at      timestamptz not null default now(),
    primary key (conversation_no, seq)
);

create table conversation_changes (
    conversation_no bigint not null,
    seq             bigint not null,
    actor_no        bigint not null references users,
    title           text,
    status          text not null,
    created_at      timestamptz not null default now(),
    primary key (conversation_no, seq)
);

create table idempotency_keys (
    user_no     bigint not null references users,
    key         text not null,
    fingerprint text not null,
    status      smallint,
    answer      text,
    created_at  timestamptz not null default now(),
    primary key (user_no, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);
