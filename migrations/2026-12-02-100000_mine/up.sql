-- What each participant has a conversation be for themselves: it takes no seq, and others do not see it.
alter table participants
    add column notify text not null default 'all' check (notify in ('all', 'mentions', 'none')),
    -- From then on `notify` is 'all' again.
    add column notify_until timestamptz,
    add column starred boolean not null default false,
    -- Left out of lists until there is a newer message than this.
    add column hidden_seq bigint,
    -- Counted as unread from here on, although it was read.
    add column unread_from bigint check (unread_from > 0);

-- When a user's last connection ended.
alter table users add column last_seen_at timestamptz;
