//! The tables of events, what rules made of them, what they tell about people, and the audit log.

use super::{conversations, users};

diesel::table! {
    events (no) {
        no -> Int8,
        source -> Text,
        id -> Text,
        #[sql_name = "type"]
        event_type -> Text,
        actor_no -> Nullable<Int8>,
        subject_type -> Nullable<Text>,
        subject_id -> Nullable<Text>,
        at -> Timestamptz,
        accepted_at -> Timestamptz,
        undoes -> Nullable<Text>,
        fingerprint -> Int8,
        data -> Nullable<Jsonb>,
        data_until -> Timestamptz,
        keep_until -> Timestamptz,
        decided_at -> Nullable<Timestamptz>,
        handled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    rule_runs (event_no, place) {
        event_no -> Int8,
        place -> Int2,
        rule -> Text,
        status -> Text,
        effects -> Nullable<Jsonb>,
        done -> Int2,
        due_at -> Nullable<Timestamptz>,
        attempts -> Int4,
        detail -> Nullable<Jsonb>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    activities (event_no) {
        event_no -> Int8,
        actor_no -> Int8,
        #[sql_name = "type"]
        event_type -> Text,
        module -> Text,
        subject_type -> Nullable<Text>,
        subject_id -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    concerns (user_no, at, event_no) {
        user_no -> Int8,
        at -> Timestamptz,
        event_no -> Int8,
    }
}

diesel::table! {
    connections (low_no, high_no, kind) {
        low_no -> Int8,
        high_no -> Int8,
        kind -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    user_traits (user_no, name) {
        user_no -> Int8,
        name -> Text,
        value -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    rule_rooms (subject_type, subject_id, room) {
        subject_type -> Text,
        subject_id -> Text,
        room -> Text,
        conversation_no -> Int8,
    }
}

diesel::table! {
    audit_log (no) {
        no -> Int8,
        at -> Timestamptz,
        actor_no -> Int8,
        business_no -> Nullable<Int8>,
        action -> Text,
        object_type -> Text,
        object_id -> Text,
        conversation_no -> Nullable<Int8>,
        data -> Jsonb,
    }
}

diesel::allow_tables_to_appear_in_same_query!(events, rule_runs, users);
diesel::allow_tables_to_appear_in_same_query!(rule_rooms, conversations);
diesel::allow_tables_to_appear_in_same_query!(audit_log, users);
diesel::allow_tables_to_appear_in_same_query!(audit_log, conversations);
