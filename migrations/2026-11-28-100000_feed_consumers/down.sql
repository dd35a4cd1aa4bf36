drop table messages_per_day;
drop table feed_watermarks;
drop table feed_consumers;
