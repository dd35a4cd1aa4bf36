-- Files of people. A row is there before the first byte of its file is stored, and its objects are deleted before the row says `gone`:
-- so each object's key is made of rows, and no store is ever listed.
create table files (
    no            bigint generated always as identity primary key,
    id            uuid not null unique,
    owner_no      bigint not null references users,
    state         text not null default 'uploading'
                  check (state in ('uploading', 'checking', 'ready', 'refused', 'dropping', 'gone')),
    purpose       text not null check (purpose in ('message', 'voice', 'avatar')),
    name          text not null,
    declared_type text,
    -- What the bytes are; null until they were checked.
    type          text,
    -- Bytes: what is announced, until all have come.
    size          bigint not null,
    -- Bytes that are stored.
    received      bigint not null default 0,
    sha256        bytea,
    -- Why it was refused, as a code.
    refusal       text,
    created_at    timestamptz not null default now(),
    -- When it is dropped if no message has used it by then.
    expires_at    timestamptz not null,
    -- When a message last gave it up.
    released_at   timestamptz
);
-- What a user has and has uploaded today, read from the index alone.
create index files_owner on files (owner_no, created_at) include (size, state);

-- The parts of a file while it is uploaded, each an object of its own.
create table file_pieces (
    no         bigint generated always as identity primary key,
    file_no    bigint not null references files,
    -- The offset of its first byte.
    start      bigint not null,
    size       integer not null,
    -- Whether its object is stored, and counts.
    stored     boolean not null default false,
    created_at timestamptz not null default now()
);
create index file_pieces_file on file_pieces (file_no, start);

-- Which messages show a file.
create table file_uses (
    file_no         bigint not null references files,
    conversation_no bigint not null,
    seq             bigint not null,
    primary key (file_no, conversation_no, seq)
);
create index file_uses_message on file_uses (conversation_no, seq);

-- Signs the links to files, for all servers of the database.
alter table installation add column link_key bytea;

alter table jobs drop constraint jobs_lane_check;
alter table jobs add constraint jobs_lane_check check (lane in ('work', 'delivery', 'files'));
