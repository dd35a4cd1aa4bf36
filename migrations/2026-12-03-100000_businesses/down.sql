drop index conversations_business;
alter table conversations drop column business_no;
drop table business_staff;
drop table businesses;
