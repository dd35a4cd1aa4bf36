alter table payment_events drop column raw;
drop table gateway_refunds;
update payments set status = 'failed' where status = 'released';
alter table payments drop constraint payments_status_check;
alter table payments add constraint payments_status_check
    check (status in ('created', 'failed', 'authorized', 'captured', 'refunded'));
