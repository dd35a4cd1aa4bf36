drop table audit_log;
drop table search_docs;
