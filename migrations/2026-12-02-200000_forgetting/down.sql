drop index conversations_to_empty;
alter table conversations drop column emptied_seq;
drop index message_changes_to_empty;
update message_changes set earlier_body = '' where earlier_body is null;
alter table message_changes alter column earlier_body set not null;
