alter table messages drop column forwarded;
