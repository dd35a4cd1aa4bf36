-- What a Socket.IO client that comes back is found by. Its `holder` is the connection that speaks for it now: an earlier one that
-- is still alive somewhere changes nothing any more.
create table recoveries (
    pid         uuid primary key,
    user_no     bigint not null references users,
    form        text not null,
    holder      uuid not null,
    -- The number of its list of conversations: raised whenever one comes or goes.
    list        bigint not null,
    touched_at  timestamptz not null default now()
);
create index recoveries_touched on recoveries (touched_at);
create index recoveries_user on recoveries (user_no, touched_at);

-- The list with its history: an offset names the list that it was made with, and one number for each conversation of that list,
-- in the order of coming.
create table recovery_places (
    pid             uuid not null references recoveries on delete cascade,
    -- With which list it came, and with which it went.
    came            bigint not null,
    went            bigint,
    conversation_no bigint not null,
    -- The conversation's last seq when it came.
    seq             bigint not null,
    primary key (pid, came)
);
