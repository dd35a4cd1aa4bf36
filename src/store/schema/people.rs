//! The tables of blocks and of new contacts between users.

diesel::table! {
    blocks (blocker_no, blocked_no) {
        blocker_no -> Int8,
        blocked_no -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    new_contacts (user_no, other_no) {
        user_no -> Int8,
        other_no -> Int8,
        at -> Timestamptz,
    }
}
