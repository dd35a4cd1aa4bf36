alter table recoveries drop column in_user_room;
