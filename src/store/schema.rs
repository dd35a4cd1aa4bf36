//! The tables, as Diesel sees them.
#![allow(
    missing_docs,
    reason = "the tables are described where they are made, in migrations/"
)]

diesel::table! {
    users (no) {
        no -> Int8,
        id -> Text,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    conversations (no) {
        no -> Int8,
        id -> Uuid,
        kind -> Text,
        title -> Nullable<Text>,
        status -> Text,
        subject_type -> Nullable<Text>,
        subject_id -> Nullable<Text>,
        subject -> Nullable<Jsonb>,
        same_key -> Nullable<Text>,
        created_by -> Int8,
        last_seq -> Int8,
        policy_version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    participants (conversation_no, user_no) {
        conversation_no -> Int8,
        user_no -> Int8,
        role -> Text,
        membership -> Text,
        muted -> Bool,
        blocked -> Bool,
        delivered_seq -> Int8,
        read_seq -> Int8,
        joined_at -> Timestamptz,
    }
}

diesel::table! {
    messages (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        sender_no -> Int8,
        client_id -> Text,
        fingerprint -> Int8,
        kind -> Text,
        body -> Text,
        reply_to -> Nullable<Int8>,
        attachments -> Nullable<Jsonb>,
        context -> Nullable<Jsonb>,
        audience_role -> Nullable<Text>,
        audience_user_no -> Nullable<Int8>,
        created_at -> Timestamptz,
        edited_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    message_changes (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        target_seq -> Int8,
        actor_no -> Int8,
        action -> Text,
        earlier_body -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    participant_changes (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        user_no -> Int8,
        actor_no -> Int8,
        action -> Text,
        role -> Text,
        muted -> Bool,
        blocked -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    conversation_changes (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        actor_no -> Int8,
        title -> Nullable<Text>,
        status -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (user_no, key) {
        user_no -> Int8,
        key -> Text,
        fingerprint -> Text,
        status -> Nullable<Int2>,
        answer -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(messages -> users (sender_no));
diesel::joinable!(participants -> users (user_no));
diesel::joinable!(participants -> conversations (conversation_no));
diesel::joinable!(conversations -> users (created_by));
diesel::allow_tables_to_appear_in_same_query!(
    users,
    conversations,
    participants,
    messages,
    message_changes,
    participant_changes,
    conversation_changes,
    idempotency_keys,
);
