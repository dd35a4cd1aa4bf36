insert into users (id, name) select 'user-' || i, 'User ' || i from generate_series(1, 10000) i;
insert into conversations (id, kind, created_by, last_seq, subject_type, subject_id, same_key, updated_at)
    select md5(i::text)::uuid, 'group', 1 + i % 10000, 22, 'job', 'job-' || i, 'key-' || i, now() - i * interval '1 minute'
    from generate_series(1, 10000) i;
insert into participants (conversation_no, user_no, role, read_seq)
    select c, 1 + (c * 7 + k * 3331) % 10000, 'member', 15 from generate_series(1, 10000) c, generate_series(0, 2) k;
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
    select c, s, 1 + (c * 7 + (s % 3) * 3331) % 10000, c || '-' || s, 1, 'user_input', 'said ' || s, now()
    from generate_series(1, 10000) c, generate_series(1, 20) s;
insert into message_changes (conversation_no, seq, target_seq, actor_no, action, earlier_body)
    select c, s, s - 10, 1 + c * 7 % 10000, 'edited', 'before' from generate_series(1, 10000) c, generate_series(21, 22) s;
insert into participant_changes (conversation_no, seq, user_no, actor_no, action, role, muted, blocked)
    select c, s, 1 + c * 7 % 10000, 1, 'left', 'member', false, false from generate_series(1, 10000) c, generate_series(1, 2) s;
insert into idempotency_keys (user_no, key, fingerprint) select i, 'key-' || i, 'x' from generate_series(1, 10000) i;
insert into revocations (user_no, not_before, changed_at)
    select i, now(), now() - i * interval '1 minute' from generate_series(1, 10000) i;
insert into blocks (blocker_no, blocked_no) select i, 1 + (i + 4998) % 10000 from generate_series(1, 10000) i;
insert into new_contacts (user_no, other_no) select i, 1 + (i + 2998) % 10000 from generate_series(1, 10000) i;
insert into files (id, owner_no, state, purpose, name, size, received, expires_at)
    select md5('f' || i)::uuid, 1 + i % 10000, 'ready', 'message', 'x', 1000, 1000, now() from generate_series(1, 20000) i;
insert into file_pieces (file_no, start, size, stored) select i, 0, 1000, true from generate_series(1, 20000) i;
insert into file_uses (file_no, conversation_no, seq) select i, 1 + i % 10000, 1 + i % 20 from generate_series(1, 20000) i;
insert into businesses (id, name) select 'business-' || i, 'Business' from generate_series(1, 1000) i;
insert into business_staff (business_no, user_no, role, changed_at)
    select b, 1 + (b * 10 + k) % 10000, 'agent', now() - b * interval '1 minute' from generate_series(1, 1000) b, generate_series(0, 9) k
    on conflict do nothing;
insert into subjects (type, id, title) select 'job', 'job-' || i, 'A job' from generate_series(1, 10000) i;
insert into reactions (conversation_no, target_seq, emoji, user_no, seq, removed)
    select c, 5, '👍', 1 + (c * 7 + k * 3331) % 10000, 11 + k, false from generate_series(1, 10000) c, generate_series(0, 1) k;
insert into pins (conversation_no, target_seq, user_no, seq, removed) select c, 6, 1, 13, false from generate_series(1, 10000) c;
insert into receipt_moves (conversation_no, user_no, is_read, seq)
    select conversation_no, user_no, true, 15 from participants;
insert into audit_log (actor_no, action, object_type, object_id, conversation_no, at)
    select 1 + i % 5, 'read', 'conversation', 'c', 1 + i % 10000, now() - i * interval '10 seconds' from generate_series(1, 20000) i;
update messages set thread_seq = 7, also_in_conversation = false where seq in (9, 10);
insert into thread_follows (conversation_no, user_no, root_seq, following, read_seq, changed_seq)
    select conversation_no, user_no, 7, true, 10, 10 from participants;
analyze
