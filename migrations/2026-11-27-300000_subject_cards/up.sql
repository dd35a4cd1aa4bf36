-- The subject's card after the change. Rows from before this migration have none: no change altered a card then.
alter table conversation_changes add column subject jsonb;

-- How often somebody has left: an owner brings them back once only.
create index participant_changes_left on participant_changes (conversation_no, user_no) where action = 'left';
