-- Another id under which the platform knows a user: as that of its own database beside that of its sign-in. Accepted wherever an id is.
-- It is nobody's id; whoever stores an id or an alias locks the text first (store/users.rs).
alter table users add column alias text unique;
