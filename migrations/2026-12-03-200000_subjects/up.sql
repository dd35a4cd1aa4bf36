-- What the platform says about an order, a job, a bid: it wins over what a conversation was created with.
create table subjects (
    type       text not null,
    id         text not null,
    title      text,
    url        text,
    people     jsonb not null default '[]',
    data       jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (type, id)
);
