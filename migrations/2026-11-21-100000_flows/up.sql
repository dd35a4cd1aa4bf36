-- Who speaks where no person does; no platform can have a user with an empty id.
insert into users (no, id) overriding system value values (0, '');

-- What is asked of somebody, and under `done` who answered it, with what, and when: set once, by the step that answered it.
alter table messages add column card jsonb;

-- Immutable: a running deal is pinned to one of these.
create table flow_definitions (
    name        text not null,
    version     bigint not null,
    source      text not null,
    created_at  timestamptz not null default now(),
    primary key (name, version)
);

-- One for each conversation at most. `instance` is read and written by the flow's rules alone; `standing` is what of it is
-- shown and enforced outside; the other columns repeat parts of it for queries.
-- Its cards that wait for an answer are the messages from prompts_from up to, not including, prompts_to.
create table conversation_flows (
    conversation_no bigint primary key references conversations,
    name            text not null,
    version         bigint not null,
    state           text not null,
    phase           text not null check (phase in ('running', 'over')),
    instance        jsonb not null,
    standing        jsonb not null,
    prompts_from    bigint not null default 0,
    prompts_to      bigint not null default 0,
    started_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    foreign key (name, version) references flow_definitions
) with (fillfactor = 70);
create index conversation_flows_definition on conversation_flows (name, version, conversation_no) where phase = 'running';

-- request_id: the presser's own, or what makes a timer or a payment's news the same one again; on the first hop of each step.
-- `answer` is what the presser was told, so that the same request_id can be told it again.
create table flow_steps (
    conversation_no bigint not null,
    seq             bigint not null,
    state_version   bigint not null,
    from_state      text,
    to_state        text not null,
    action          text not null,
    actor           text not null,
    actor_no        bigint references users,
    input           jsonb not null,
    reason          text,
    flow_version    bigint not null,
    request_id      text,
    answer          jsonb,
    -- The cards that it answered: messages from answered_from up to, not including, answered_to.
    answered_from   bigint,
    answered_to     bigint,
    created_at      timestamptz not null default now(),
    primary key (conversation_no, seq)
);
create unique index flow_steps_request on flow_steps (conversation_no, request_id) where request_id is not null;

create table flow_timers (
    conversation_no bigint not null,
    name            text not null,
    due_at          timestamptz not null,
    claimed_until   timestamptz,
    attempts        integer not null default 0,
    last_error      text,
    primary key (conversation_no, name)
);
-- The next moment at which a row is to be looked at: its due time, or the end of somebody's claim.
create index flow_timers_due on flow_timers ((coalesce(claimed_until, due_at)));

-- Work that was written down with the fact that caused it. A row is deleted when it is done.
create table jobs (
    no              bigint generated always as identity primary key,
    kind            text not null,
    -- Those of one lane wait for each other only: slow receivers of webhooks must not keep payments waiting.
    lane            text not null default 'work' check (lane in ('work', 'delivery')),
    conversation_no bigint,
    payload         jsonb not null,
    due_at          timestamptz not null default now(),
    claimed_until   timestamptz,
    attempts        integer not null default 0,
    last_error      text,
    -- Set when it was tried for as long as its kind allows: it stays for people to look at.
    given_up_at     timestamptz,
    created_at      timestamptz not null default now()
);
create index jobs_due on jobs (lane, (coalesce(claimed_until, due_at))) where given_up_at is null;
-- A deal is told things in the order in which they were written down.
create index jobs_tell_deal on jobs (conversation_no, no) where kind = 'tell_deal' and given_up_at is null;
create index jobs_given_up on jobs (given_up_at) where given_up_at is not null;

-- `requested_version` is the version of the deal at which the order was asked for.
create table payment_orders (
    no                bigint generated always as identity primary key,
    id                uuid not null unique,
    conversation_no   bigint not null references conversations,
    requested_version bigint not null,
    gateway           text not null,
    gateway_order_id  text,
    amount            bigint not null check (amount > 0),
    currency          text not null,
    description       text not null,
    payer_role        text,
    status            text not null default 'requested' check (status in ('requested', 'created', 'paid', 'refunded', 'held')),
    -- The gateway's id of the payment that paid it; set once.
    paid_by           text,
    -- When the deal took the money in; set once, in the step's own transaction.
    applied_at        timestamptz,
    checked_at        timestamptz,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    unique (conversation_no, requested_version)
);
create unique index payment_orders_gateway on payment_orders (gateway, gateway_order_id) where gateway_order_id is not null;

-- Each attempt to pay, by the gateway's own id; its status only moves forward.
create table payments (
    gateway         text not null,
    id              text not null,
    order_no        bigint not null references payment_orders,
    amount          bigint not null,
    currency        text not null,
    status          text not null check (status in ('created', 'failed', 'authorized', 'captured', 'refunded')),
    -- What the deal made of it once it was captured: `paid`, `late`, `wrong_amount`, `repeated`.
    verdict         text,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (gateway, id)
);
create index payments_order on payments (order_no);

-- What gateways have told, as they told it.
create table payment_events (
    gateway     text not null,
    event_id    text not null,
    body        text not null,
    received_at timestamptz not null default now(),
    handled_at  timestamptz,
    primary key (gateway, event_id)
);

create table refunds (
    no                bigint generated always as identity primary key,
    id                uuid not null unique,
    gateway           text not null,
    payment_id        text not null,
    amount            bigint not null check (amount > 0),
    currency          text not null,
    reason            text not null,
    status            text not null default 'requested' check (status in ('requested', 'pending', 'processed', 'failed')),
    gateway_refund_id text,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    foreign key (gateway, payment_id) references payments,
    unique (gateway, payment_id)
);

-- What the platform is told by webhooks.
create table platform_events (
    no              bigint generated always as identity primary key,
    id              text not null unique,
    event           text not null,
    conversation_no bigint references conversations,
    body            text not null,
    created_at      timestamptz not null default now(),
    delivered_at    timestamptz,
    given_up_at     timestamptz
);

create index platform_events_event on platform_events (event, no);

create table platform_event_attempts (
    event_no    bigint not null references platform_events,
    attempt     integer not null,
    at          timestamptz not null default now(),
    status      integer,
    problem     text,
    took_ms     integer not null,
    primary key (event_no, attempt)
);
