drop index participant_changes_left;
alter table conversation_changes drop column subject;
