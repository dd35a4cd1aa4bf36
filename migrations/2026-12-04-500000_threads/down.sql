drop table thread_follows;
drop index messages_threads;
alter table messages drop column thread_seq, drop column also_in_conversation;
alter table participants drop column threads_seq;
