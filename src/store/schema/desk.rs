//! The tables of businesses, their staff, and what the platform says of things.

diesel::table! {
    businesses (no) {
        no -> Int8,
        id -> Text,
        name -> Text,
        zone -> Nullable<Text>,
        locale -> Nullable<Text>,
        settings -> Jsonb,
        settings_version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    business_staff (business_no, user_no) {
        business_no -> Int8,
        user_no -> Int8,
        role -> Text,
        display_name -> Nullable<Text>,
        added_at -> Timestamptz,
        changed_at -> Timestamptz,
        removed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    // The column `type` is a word of Rust's.
    subjects (kind, id) {
        #[sql_name = "type"]
        kind -> Text,
        id -> Text,
        title -> Nullable<Text>,
        url -> Nullable<Text>,
        people -> Jsonb,
        data -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
