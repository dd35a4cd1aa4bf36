drop table new_contacts;
alter table users drop column accept;
delete from participant_changes where action in ('user_blocked', 'user_unblocked');
alter table participant_changes drop constraint participant_changes_action_check;
alter table participant_changes add constraint participant_changes_action_check
    check (action in ('added', 'returned', 'changed', 'left', 'removed'));
drop table blocks;
