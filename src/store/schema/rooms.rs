//! The tables of conversations and of the changes of what is decided about them.

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
        max_participants -> Nullable<Int2>,
        slow_seconds -> Int2,
        closed_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Int8>,
        closed_reason -> Nullable<Text>,
        external_id -> Nullable<Text>,
        deleted_at -> Nullable<Timestamptz>,
        emptied_seq -> Int8,
        business_no -> Nullable<Int8>,
        emptied_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    conversation_changes (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        actor_no -> Int8,
        title -> Nullable<Text>,
        status -> Text,
        subject -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        max_participants -> Nullable<Int2>,
        slow_seconds -> Int2,
        closed_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Int8>,
        closed_reason -> Nullable<Text>,
        ends -> Bool,
    }
}
