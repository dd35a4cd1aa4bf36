-- What the platform is told by webhooks: "event" is what comes in.
alter table platform_events rename to webhook_events;
alter index platform_events_event rename to webhook_events_event;
alter table platform_event_attempts rename to webhook_event_attempts;
-- Servers of the release before write under the old names while servers are replaced one by one.
create view platform_events as select * from webhook_events;
create view platform_event_attempts as select * from webhook_event_attempts;

-- What the platform has told. Only declared data is stored.
create table events (
    no           bigint generated always as identity primary key,
    source       text not null,
    id           text not null,
    type         text not null,
    -- Who did it; null where the platform acts.
    actor_no     bigint references users,
    subject_type text,
    subject_id   text,
    -- When it happened, and when it was accepted.
    at           timestamptz not null,
    accepted_at  timestamptz not null default now(),
    -- The id of the event that it withdraws, of the same source.
    undoes       text,
    -- Tells a repeat from another event with the same id.
    fingerprint  bigint not null,
    data         jsonb,
    -- Until when `data` and the row are kept.
    data_until   timestamptz not null,
    keep_until   timestamptz not null,
    -- When it was decided what follows, and when all of that had ended, save what follows later.
    decided_at   timestamptz,
    handled_at   timestamptz,
    unique (source, id),
    check ((subject_type is null) = (subject_id is null))
);
-- Events about one subject are handled in the order of their numbers.
create index events_waiting on events (subject_type, subject_id, no) where handled_at is null and subject_type is not null;
create index events_type on events (type, no);
create index events_undoes on events (source, undoes) where undoes is not null;
create index events_data_until on events (data_until) where data is not null;
create index events_keep_until on events (keep_until);

-- What each rule made of an event.
create table rule_runs (
    event_no   bigint not null references events on delete cascade,
    -- The rule's place among those that follow the event.
    place      smallint not null,
    rule       text not null,
    status     text not null check (status in ('pending', 'done', 'skipped', 'failed')),
    -- What is to take place, in order, until it has ended; and how much of it has.
    effects    jsonb,
    done       smallint not null default 0,
    -- When it runs, where that is later than the event.
    due_at     timestamptz,
    attempts   integer not null default 0,
    -- Why it was skipped, with the values of the condition, or why it failed.
    detail     jsonb,
    updated_at timestamptz not null default now(),
    primary key (event_no, place)
);

-- What people did.
create table activities (
    event_no     bigint primary key references events on delete cascade,
    actor_no     bigint not null references users,
    type         text not null,
    module       text not null,
    subject_type text,
    subject_id   text,
    at           timestamptz not null
);
create index activities_actor on activities (actor_no, at desc, event_no desc);

-- Whom it concerns besides who did it.
create table concerns (
    user_no  bigint not null references users,
    at       timestamptz not null,
    event_no bigint not null references activities on delete cascade,
    primary key (user_no, at, event_no)
);
create index concerns_event on concerns (event_no);

-- Who is connected with whom, as the platform says. The lower number comes first.
create table connections (
    low_no     bigint not null references users,
    high_no    bigint not null references users,
    kind       text not null,
    created_at timestamptz not null default now(),
    primary key (low_no, high_no, kind),
    check (low_no < high_no)
);
create index connections_high on connections (high_no, low_no);

-- What rules note about people.
create table user_traits (
    user_no    bigint not null references users,
    name       text not null,
    value      text not null,
    updated_at timestamptz not null default now(),
    primary key (user_no, name)
);

-- The conversations that rules have made: a subject has one of each name.
create table rule_rooms (
    subject_type    text not null,
    subject_id      text not null,
    room            text not null,
    conversation_no bigint not null references conversations,
    primary key (subject_type, subject_id, room)
);

-- The open conversations about a subject, oldest first.
create index conversations_open_subject on conversations (subject_type, subject_id, no) where status = 'open' and subject_type is not null;

-- What was done to one thing.
create index audit_log_object on audit_log (object_type, object_id, no);

-- How often a job failed: the delay before the next try grows with it. A job that only waited for its turn was claimed, and did not fail.
alter table jobs add column failures integer not null default 0;
alter table jobs drop constraint jobs_lane_check;
alter table jobs add constraint jobs_lane_check check (lane in ('work', 'delivery', 'files', 'events'));
-- By this the next event of a subject is woken.
create index jobs_handle_event on jobs (((payload ->> 'event_no')::bigint)) where kind = 'handle_event';
