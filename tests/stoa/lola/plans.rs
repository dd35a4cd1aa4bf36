//! The list of rooms by page, and its length, go by index.

use stoa::domain::conversation::ConversationStatus;
use stoa::domain::ids::UserNo;
use stoa::store::conversations::{self, Filter};

use crate::plans::{full_database, must_walk_nothing};

#[test]
fn no_page_of_rooms_walks_a_big_table() {
    let (_database, mut connection) = full_database();
    let filter = Filter {
        statuses: vec![ConversationStatus::Open],
        offset: 1,
        ..Filter::default()
    };
    must_walk_nothing(&mut connection, "a page of rooms", |connection, n| {
        conversations::list(connection, UserNo(n), &filter, 20).unwrap()
    });
    must_walk_nothing(&mut connection, "how many rooms", |connection, n| {
        conversations::count(connection, UserNo(n), &filter).unwrap()
    });
}
