drop trigger conversations_of_businesses on conversations;
drop function note_business_conversation;
drop table business_conversations;
create index conversations_business on conversations (business_no, updated_at desc, no desc) where business_no is not null;
drop index conversations_to_empty;
alter table conversations drop column emptied_at;
create index conversations_to_empty on conversations (deleted_at) where deleted_at is not null and emptied_seq < last_seq;
