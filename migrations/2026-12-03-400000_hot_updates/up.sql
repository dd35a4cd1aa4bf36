-- last_seq and updated_at change with every message. No index of conversations may depend on them, or each message writes a new entry into
-- every index of the table.

-- When all contents of a deleted conversation were emptied. Null again once something is written after that.
alter table conversations add column emptied_at timestamptz;
drop index conversations_to_empty;
update conversations set emptied_at = now() where deleted_at is not null and emptied_seq >= last_seq;
create index conversations_to_empty on conversations (deleted_at) where deleted_at is not null and emptied_at is null;

-- The conversations of businesses, so that they are listed by their last change. A trigger keeps it.
create table business_conversations (
    conversation_no bigint primary key,
    business_no     bigint not null,
    updated_at      timestamptz not null
);
drop index conversations_business;
insert into business_conversations select no, business_no, updated_at from conversations where business_no is not null;
create index business_conversations_newest on business_conversations (business_no, updated_at desc, conversation_no desc);

create function note_business_conversation() returns trigger language plpgsql as $$
begin
    insert into business_conversations as b values (new.no, new.business_no, new.updated_at)
        on conflict (conversation_no) do update set business_no = excluded.business_no, updated_at = excluded.updated_at;
    return null;
end $$;
create trigger conversations_of_businesses after insert or update of business_no, updated_at on conversations
    for each row when (new.business_no is not null) execute function note_business_conversation();
