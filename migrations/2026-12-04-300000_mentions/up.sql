-- Whom a message mentions: ids of users, 'all', and roles as 'role:rider'. Null where it mentions nobody.
alter table messages add column mentions text[];
