-- A participant sees what was said after this seq; 0: everything.
alter table participants add column sees_from bigint not null default 0;

-- How many may take part at the same time; null: as many as the platform's policies allow.
alter table conversations add column max_participants smallint check (max_participants between 1 and 256);
alter table conversation_changes add column max_participants smallint;
