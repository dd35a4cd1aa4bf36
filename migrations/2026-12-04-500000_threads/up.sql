-- The seq of the message whose thread a reply is in, and whether the main line of the conversation shows it too. Null outside of threads.
alter table messages add column thread_seq bigint, add column also_in_conversation boolean;
-- Up to which seq somebody has read everything, threads too; beyond it, what they have read of each thread is in thread_follows.
alter table participants add column threads_seq bigint not null default 0;
create index messages_threads on messages (conversation_no, thread_seq, seq) where thread_seq is not null;
-- What a thread is for somebody: a row for each person who wrote its first message, replied, was mentioned, has read it, or follows it. No
-- foreign key of the conversation, as in `messages`.
create table thread_follows (
    conversation_no bigint not null,
    user_no         bigint not null references users,
    root_seq        bigint not null,
    -- Null until the person replies or decides.
    following       boolean,
    read_seq        bigint not null,
    -- The conversation's last seq when the row changed: who has missed changes from there on may have missed this one.
    changed_seq     bigint not null,
    primary key (conversation_no, user_no, root_seq)
);
create index thread_follows_user on thread_follows (user_no, conversation_no, root_seq) where following;
