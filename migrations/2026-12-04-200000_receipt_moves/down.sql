drop table receipt_moves;
