create table businesses (
    no               bigint generated always as identity primary key,
    id               text not null unique,
    name             text not null,
    zone             text,
    locale           text,
    settings         jsonb not null default '{}',
    settings_version bigint not null default 1,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);

-- Whoever is not staff any more keeps their row, so that other servers hear of it.
create table business_staff (
    business_no  bigint not null references businesses,
    user_no      bigint not null references users,
    role         text not null check (role in ('viewer', 'agent', 'manager', 'owner')),
    display_name text,
    added_at     timestamptz not null default now(),
    changed_at   timestamptz not null default now(),
    removed_at   timestamptz,
    primary key (business_no, user_no)
);
create index business_staff_user on business_staff (user_no, business_no);
create index business_staff_changed on business_staff (changed_at);

alter table conversations add column business_no bigint references businesses;
create index conversations_business on conversations (business_no, updated_at desc, no desc) where business_no is not null;
