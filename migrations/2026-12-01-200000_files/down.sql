delete from jobs where lane = 'files';
alter table jobs drop constraint jobs_lane_check;
alter table jobs add constraint jobs_lane_check check (lane in ('work', 'delivery'));
alter table installation drop column link_key;
drop table file_uses;
drop table file_pieces;
drop table files;
