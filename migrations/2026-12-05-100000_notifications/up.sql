-- What people are told beside messages. Without foreign keys and checks, as `messages`: thousands are written at once.
create table notifications (
    no            bigint generated always as identity primary key,
    user_no       bigint not null,
    -- The type, and the version of its file that it was worded with.
    type          text not null,
    version       integer not null,
    module        text,
    -- 0 low, 1 normal, 2 high, 3 urgent.
    priority      smallint not null,
    title         text not null,
    message       text not null,
    action_url    text,
    action_text   text,
    subject_type  text,
    subject_id    text,
    -- The type's data, and what else the platform gave.
    data          jsonb not null default '{}',
    metadata      jsonb,
    -- A newer one with the same key takes the place of an unread older one.
    key           text,
    -- By which its maker recognises a repeat, with what tells a repeat from another notification.
    maker_no      bigint not null,
    client_id     text,
    fingerprint   bigint not null,
    -- shown; skipped: the person does not want it; withdrawn: it is not to be seen any more.
    state         text not null,
    end_reason    text,
    shown_at      timestamptz,
    expires_at    timestamptz,
    seen_at       timestamptz,
    read_at       timestamptz,
    archived_at   timestamptz,
    ended_at      timestamptz,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now()
);
create index notifications_list on notifications (user_no, no desc) where state = 'shown';
create index notifications_unread on notifications (user_no, no) where state = 'shown' and read_at is null and archived_at is null;
create unique index notifications_key on notifications (user_no, key) where state = 'shown' and read_at is null and archived_at is null;
create unique index notifications_client on notifications (user_no, maker_no, client_id);
create index notifications_subject on notifications (subject_type, subject_id) where state = 'shown' and read_at is null and archived_at is null;
create index notifications_expires on notifications (expires_at) where state = 'shown' and expires_at is not null;

-- What people say about types and channels; '*' stands for all of either.
create table notification_preferences (
    user_no    bigint not null references users,
    type       text not null,
    channel    text not null,
    allowed    boolean not null,
    updated_at timestamptz not null default now(),
    primary key (user_no, type, channel)
);

create table notification_settings (
    user_no    bigint primary key references users,
    -- The language that notifications are worded in: `de`, `pt-BR`.
    locale     text,
    updated_at timestamptz not null default now()
);
