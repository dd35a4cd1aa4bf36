drop table recovery_places;
drop table recoveries;
