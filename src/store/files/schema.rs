//! The tables of files for Diesel.

diesel::table! {
    files (no) {
        no -> Int8,
        id -> Uuid,
        owner_no -> Int8,
        state -> Text,
        purpose -> Text,
        name -> Text,
        declared_type -> Nullable<Text>,
        #[sql_name = "type"]
        media_type -> Nullable<Text>,
        size -> Int8,
        received -> Int8,
        sha256 -> Nullable<Bytea>,
        refusal -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        released_at -> Nullable<Timestamptz>,
        measures -> Jsonb,
    }
}

diesel::table! {
    file_pieces (no) {
        no -> Int8,
        file_no -> Int8,
        start -> Int8,
        size -> Int4,
        stored -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    file_uses (file_no, conversation_no, seq) {
        file_no -> Int8,
        conversation_no -> Int8,
        seq -> Int8,
    }
}

diesel::allow_tables_to_appear_in_same_query!(files, file_pieces, file_uses);
