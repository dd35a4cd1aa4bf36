//! The tables of reactions, pins and threads.

diesel::table! {
    reactions (conversation_no, target_seq, emoji, user_no) {
        conversation_no -> Int8,
        target_seq -> Int8,
        emoji -> Text,
        user_no -> Int8,
        seq -> Int8,
        removed -> Bool,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    pins (conversation_no, target_seq) {
        conversation_no -> Int8,
        target_seq -> Int8,
        user_no -> Int8,
        seq -> Int8,
        removed -> Bool,
        expires_at -> Nullable<Timestamptz>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    thread_follows (conversation_no, user_no, root_seq) {
        conversation_no -> Int8,
        user_no -> Int8,
        root_seq -> Int8,
        following -> Nullable<Bool>,
        read_seq -> Int8,
        changed_seq -> Int8,
    }
}
