-- Whether staff have looked into a conversation a short while ago.
create index audit_log_reading on audit_log (conversation_no, actor_no, at) where action = 'read';
