alter table installation drop column wire_key;
