-- Slow mode, closing, deleting, and the platform's own id of a conversation.
alter table conversations
    add column slow_seconds smallint not null default 0 check (slow_seconds between 0 and 3600),
    add column closed_at timestamptz,
    add column closed_by bigint references users,
    add column closed_reason text,
    add column external_id text unique,
    -- From here on nobody may read it; its contents are emptied by a job.
    add column deleted_at timestamptz;

alter table conversation_changes
    add column slow_seconds smallint not null default 0,
    add column closed_at timestamptz,
    add column closed_by bigint references users,
    add column closed_reason text,
    -- The change that deletes the conversation.
    add column ends boolean not null default false;
