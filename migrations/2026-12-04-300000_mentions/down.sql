alter table messages drop column mentions;
