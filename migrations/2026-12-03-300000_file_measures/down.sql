alter table files drop column measures;
