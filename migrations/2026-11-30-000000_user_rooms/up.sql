-- Whether the client had asked for the events that tell its user beside conversations; one that comes back goes on hearing them.
alter table recoveries add column in_user_room boolean not null default false;
-- Until now, all clients of Stoory's front end heard them.
update recoveries set in_user_room = true where form = 'stoory';
