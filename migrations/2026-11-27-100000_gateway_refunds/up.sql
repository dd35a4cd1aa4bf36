-- `released`: the bank has let the money go that it had set aside; it was never collected.
alter table payments drop constraint payments_status_check;
alter table payments add constraint payments_status_check
    check (status in ('created', 'failed', 'authorized', 'released', 'captured', 'refunded'));

-- What gateways have told of refunds, also of those that nobody here asked for; `refunds` has what deals have asked for. A payment is
-- refunded once those that are processed add up to it.
create table gateway_refunds (
    gateway     text not null,
    id          text not null,
    payment_id  text not null,
    amount      bigint not null check (amount > 0),
    status      text not null check (status in ('pending', 'failed', 'processed')),
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (gateway, id),
    foreign key (gateway, payment_id) references payments
);
create index gateway_refunds_payment on gateway_refunds (gateway, payment_id);

-- A refund that the gateway refused has no id there.
update refunds set gateway_refund_id = null where gateway_refund_id = '';

-- The bytes of an event that is no text: `body` shows them as well as a text can.
alter table payment_events add column raw bytea;
