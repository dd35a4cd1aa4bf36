-- Who was signed out: tokens that were issued before this moment, or do not say when, are refused.
create table revocations (
    user_no     bigint primary key references users,
    -- A whole second, since a token's `iat` mostly is one.
    not_before  timestamptz not null,
    -- By this servers find what is new to them.
    changed_at  timestamptz not null default now()
);
create index revocations_changed on revocations (changed_at);
