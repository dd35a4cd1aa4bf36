-- Who had said first what a forwarded message says, and when. Null where it is not forwarded.
alter table messages add column forwarded jsonb;
