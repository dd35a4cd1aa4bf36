-- What can be searched for: one row for each message that is not deleted, written by a consumer of the feed. `words` has the lexemes of
-- domain/tokens, and the sender as `@no`. A row says where to look; what is shown is read from `messages`. An edit or a deletion removes the
-- row in its own transaction.
create table search_docs (
    at               timestamptz not null,
    conversation_no  bigint not null,
    seq              bigint not null,
    sender_no        bigint not null,
    audience_user_no bigint,
    -- What is in the message, a bit for each: a file, a picture, a recording, a link.
    traits           smallint not null,
    audience_role    text,
    words            tsvector not null,
    -- One conversation after the other: how participants search.
    primary key (conversation_no, seq)
);
-- The newest of all: how staff search for frequent words.
create index search_docs_at on search_docs (at);
-- Rare words. It has no conversation: an index over both is much slower than reading a conversation by the key.
create index search_docs_words on search_docs using gin (words);

-- What staff did and looked at, for those who must answer for it.
create table audit_log (
    no              bigint generated always as identity primary key,
    at              timestamptz not null default now(),
    actor_no        bigint not null references users,
    -- The business on whose behalf; null for the platform's own staff.
    business_no     bigint,
    action          text not null,
    object_type     text not null,
    object_id       text not null,
    conversation_no bigint references conversations,
    data            jsonb not null default '{}'
);
