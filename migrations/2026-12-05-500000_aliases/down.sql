alter table users drop column alias;
