-- Who follows the feed, and how far each is.
create table feed_consumers (
    no           integer generated always as identity primary key,
    name         text not null unique,
    -- The last row that is handled, as (tx, no). Null: it begins anew, with a sweep over all conversations, and holds no rows.
    tx           xid8,
    row_no       bigint,
    -- The last conversation that its sweep has handled; null when the sweep is over.
    swept_to     bigint,
    -- The server that runs it, and until when.
    holder       uuid,
    leased_until timestamptz not null default '-infinity'
);

-- How far each consumer has read each conversation. It is written in the transaction of what the consumer does with the entries, and kept
-- for as long as what was done, also for a consumer that runs no more: it would do everything a second time.
create table feed_watermarks (
    consumer_no     integer not null,
    conversation_no bigint not null,
    seq             bigint not null,
    primary key (consumer_no, conversation_no)
) with (fillfactor = 70);

-- How many messages were sent on each day of UTC, of any kind, also those that were deleted later.
create table messages_per_day (
    day   date primary key,
    count bigint not null
) with (fillfactor = 70);
