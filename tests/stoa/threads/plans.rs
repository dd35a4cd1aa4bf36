//! Threads are read and written by index.

use stoa::domain::access::Requester;
use stoa::domain::ids::{ConversationNo, MessageId, UserNo};
use stoa::domain::principal::Roles;
use stoa::domain::thread::{Following, ThreadChange};
use stoa::store::threads::{self, Which};
use stoa::store::{marks, replay, unread};

use crate::plans::{full_database, must_walk_nothing};

fn nth(number: i64) -> ConversationNo {
    ConversationNo(number * 800)
}

fn user(number: i64) -> UserNo {
    UserNo(1 + nth(number).0 * 7 % 10_000)
}

fn root(number: i64) -> MessageId {
    MessageId {
        conversation: nth(number),
        seq: 7,
    }
}

#[test]
fn threads_walk_no_table() {
    let (_, mut connection) = full_database();
    must_walk_nothing(&mut connection, "a join with a thread", |connection, n| {
        let requester = Requester::new(user(n), Roles::default());
        let found = replay::snapshot(connection, nth(n), requester, None).unwrap();
        let on_seven = found.annotations.of(7).unwrap();
        assert_eq!(on_seven.thread.as_ref().unwrap().replies, 2);
        replay::snapshot(connection, nth(n), requester, Some(15)).unwrap();
    });
    must_walk_nothing(&mut connection, "following", |connection, n| {
        let change = ThreadChange::Follow(Following::Yes);
        threads::change(connection, root(n), user(n), change).unwrap();
        threads::own(connection, root(n), user(n)).unwrap();
        let found = threads::followers(connection, nth(n), &[user(n).0], &[7]).unwrap();
        assert_eq!(found.len(), 1);
        assert!(threads::has_replies(connection, nth(n), 7).unwrap());
    });
    must_walk_nothing(&mut connection, "followed threads", |connection, n| {
        for which in [Which::Followed, Which::Unread] {
            threads::list(connection, user(n), which, None, 20).unwrap();
        }
    });
    must_walk_nothing(&mut connection, "unread with threads", |connection, n| {
        unread::of_conversation(connection, nth(n), &[user(n).0]).unwrap();
        unread::of_user(connection, user(n)).unwrap();
    });
    must_walk_nothing(&mut connection, "all threads read", |connection, n| {
        let mark = marks::NewMark {
            conversation: nth(n),
            user: user(n),
            delivered: 20,
            read: 20,
            threads: 20,
        };
        marks::advance(connection, &[mark]).unwrap();
    });
}
