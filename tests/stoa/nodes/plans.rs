//! Catch-up checks go by index, however many conversations there are.

use stoa::domain::ids::ConversationNo;
use stoa::store::catch_up;

use crate::plans::{full_database, must_walk_nothing};

#[test]
fn a_catch_up_check_walks_no_big_table() {
    let (_pool, mut connection) = full_database();
    must_walk_nothing(&mut connection, "a catch-up check", |connection, n| {
        let rooms: Vec<_> = (0..20).map(|i| ConversationNo(n * 100 + i)).collect();
        assert_eq!(catch_up::last_seqs(connection, &rooms).unwrap().len(), 20);
        catch_up::watermarks(connection, &rooms).unwrap()
    });
}
