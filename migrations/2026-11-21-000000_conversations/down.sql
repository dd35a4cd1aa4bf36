drop table idempotency_keys, conversation_changes, participant_changes, message_changes, messages, participants, conversations, users;
