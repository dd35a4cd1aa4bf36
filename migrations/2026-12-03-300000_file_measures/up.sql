-- What is known of how a file is shown or played: `width` and `height` in pixels, `duration_ms`, as the bytes say; and `waveform`, 16 to 64
-- numbers from 0 to 100 that say how loud a recording is over time, as its uploader measured it.
alter table files add column measures jsonb not null default '{}';
