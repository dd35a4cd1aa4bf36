-- Null: emptied, since the message was deleted long enough ago.
alter table message_changes alter column earlier_body drop not null;
create index message_changes_to_empty on message_changes (created_at) where action = 'deleted' and earlier_body is not null;

-- Up to where the contents of a deleted conversation were emptied.
alter table conversations add column emptied_seq bigint not null default 0;
create index conversations_to_empty on conversations (deleted_at) where deleted_at is not null and emptied_seq < last_seq;
