-- Who has blocked whom.
create table blocks (
    blocker_no bigint not null references users,
    blocked_no bigint not null references users,
    created_at timestamptz not null default now(),
    primary key (blocker_no, blocked_no),
    check (blocker_no <> blocked_no)
);
create index blocks_blocked on blocks (blocked_no, blocker_no);

-- A block takes a seq in each conversation of the two. `user_no` is who is blocked, `actor_no` who blocks; the other columns say nothing.
alter table participant_changes drop constraint participant_changes_action_check;
alter table participant_changes add constraint participant_changes_action_check
    check (action in ('added', 'returned', 'changed', 'left', 'removed', 'user_blocked', 'user_unblocked'));

-- From whom a user accepts new conversations.
alter table users add column accept text not null default 'everyone' check (accept in ('everyone', 'met', 'nobody'));

-- With whom a person has begun a conversation without having met them, within the last 24 hours: older rows are deleted with the next one.
create table new_contacts (
    user_no  bigint not null references users,
    other_no bigint not null references users,
    at       timestamptz not null default now(),
    primary key (user_no, other_no)
);
create index new_contacts_at on new_contacts (user_no, at);
