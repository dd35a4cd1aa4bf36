drop index audit_log_reading;
