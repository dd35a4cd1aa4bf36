//! The tables of notifications and of what people say about them.

diesel::table! {
    notifications (no) {
        no -> Int8,
        user_no -> Int8,
        #[sql_name = "type"]
        kind -> Text,
        version -> Int4,
        module -> Nullable<Text>,
        priority -> Int2,
        title -> Text,
        message -> Text,
        action_url -> Nullable<Text>,
        action_text -> Nullable<Text>,
        subject_type -> Nullable<Text>,
        subject_id -> Nullable<Text>,
        data -> Jsonb,
        metadata -> Nullable<Jsonb>,
        key -> Nullable<Text>,
        maker_no -> Int8,
        client_id -> Nullable<Text>,
        fingerprint -> Int8,
        state -> Text,
        end_reason -> Nullable<Text>,
        shown_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        seen_at -> Nullable<Timestamptz>,
        read_at -> Nullable<Timestamptz>,
        archived_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    notification_preferences (user_no, kind, channel) {
        user_no -> Int8,
        #[sql_name = "type"]
        kind -> Text,
        channel -> Text,
        allowed -> Bool,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    notification_settings (user_no) {
        user_no -> Int8,
        locale -> Nullable<Text>,
        updated_at -> Timestamptz,
    }
}
