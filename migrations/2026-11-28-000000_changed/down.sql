drop table changed;
