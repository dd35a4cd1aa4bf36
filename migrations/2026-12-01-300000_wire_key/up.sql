-- What the servers on this database seal with what they tell each other over Redis: 32 random bytes.
-- gen_random_uuid() has 122 bits of PostgreSQL's strong random numbers; before version 18 there is no function for bytes without an extension.
alter table installation add column wire_key bytea not null
    default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    check (octet_length(wire_key) = 32);
