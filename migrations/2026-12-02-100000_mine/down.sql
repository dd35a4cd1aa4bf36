alter table users drop column last_seen_at;
alter table participants
    drop column unread_from,
    drop column hidden_seq,
    drop column starred,
    drop column notify_until,
    drop column notify;
