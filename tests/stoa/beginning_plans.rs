//! Beginning conversations and blocking walk no big table from end to end.

use diesel::prelude::*;
use stoa::domain::access::beginning::{Accept, Inviter, MayStart};
use stoa::domain::access::blocks::{Block, Blocking};
use stoa::domain::conversation::ConversationKind;
use stoa::domain::ids::{ConversationId, UserNo};
use stoa::store::creation::{self, NewConversation};
use stoa::store::{beginning, blocks};

use crate::plans::{full_database, must_walk_nothing};

fn making(connection: &mut PgConnection) {
    let person = Inviter::Person {
        may_start: MayStart::Met,
        contacts_a_day: Some(20),
    };
    for (inviter, other) in [(Inviter::Platform, 1), (person, 3_331)] {
        let make = |connection: &mut PgConnection, n: i64| {
            let new = NewConversation {
                first_step: None,
                id: ConversationId::fresh(),
                kind: ConversationKind::Direct,
                title: None,
                subject: None,
                creator: UserNo(n),
                inviter,
                max_participants: None,
                external_id: None,
                business: None,
                participants: vec![
                    (UserNo(n), "member".into()),
                    (UserNo(n + other), "member".into()),
                ],
                first_message: None,
            };
            creation::create(connection, &new).unwrap();
            creation::create(connection, &new).unwrap();
        };
        let what = format!("making or finding a conversation as {inviter:?}");
        must_walk_nothing(connection, &what, make);
    }
}

fn blocking(connection: &mut PgConnection) {
    must_walk_nothing(connection, "blocking somebody", |connection, n| {
        let block = Block {
            by: UserNo(n),
            whom: UserNo(n + 3_331),
        };
        for blocking in [Blocking::Begun, Blocking::Ended] {
            let made = blocks::set(connection, block, blocking).unwrap();
            assert!(!made.is_empty(), "they share a conversation");
        }
    });
    must_walk_nothing(connection, "who is blocked", |connection, n| {
        assert_eq!(
            blocks::by(connection, UserNo(n), None, 50).unwrap().len(),
            1
        );
        blocks::between(connection, UserNo(n), &[1, 2, 3]).unwrap();
        blocks::among(connection, &[n, n + 1, n + 5_000]).unwrap();
        beginning::accept(connection, UserNo(n)).unwrap();
        beginning::set_accept(connection, UserNo(n), Accept::Met).unwrap();
    });
}

#[test]
fn neither_beginning_nor_blocking_walks_a_big_table() {
    let (_, mut connection) = full_database();
    making(&mut connection);
    blocking(&mut connection);
}
