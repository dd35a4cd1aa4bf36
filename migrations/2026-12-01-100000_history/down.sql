alter table conversation_changes drop column max_participants;
alter table conversations drop column max_participants;
alter table participants drop column sees_from;
