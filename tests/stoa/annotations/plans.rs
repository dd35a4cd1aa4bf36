//! Reactions and pins are read and written by index.

use stoa::domain::access::Requester;
use stoa::domain::annotation::Placing;
use stoa::domain::emoji::Emoji;
use stoa::domain::ids::{ConversationNo, MessageId, UserNo};
use stoa::domain::principal::Roles;
use stoa::domain::snapshot::Reader;
use stoa::store::changes::{self, Annotating, Change, ChangeKind, Changed};
use stoa::store::{marks, pins, receipts, replay};

use crate::plans::{full_database, must_walk_nothing};

fn nth(number: i64) -> ConversationNo {
    ConversationNo(number * 800)
}

fn reader(number: i64) -> Reader {
    Reader {
        no: UserNo(1 + nth(number).0 * 7 % 10_000),
        role: Some("member".to_owned()),
        sees_from: 0,
    }
}

fn annotate(number: i64, annotating: Annotating) -> Change {
    Change {
        conversation: nth(number),
        policy: 0,
        actor: reader(number).no,
        contacts_a_day: None,
        kind: ChangeKind::Annotate {
            message: MessageId {
                conversation: nth(number),
                seq: 7,
            },
            annotating,
            reader: reader(number),
        },
    }
}

#[test]
fn annotations_walk_no_table() {
    let (_, mut connection) = full_database();
    must_walk_nothing(&mut connection, "a reaction and a pin", |connection, n| {
        let react = |placing| Annotating::React {
            emoji: Emoji::parse("👍").unwrap(),
            placing,
        };
        for annotating in [
            react(Placing::Added),
            react(Placing::Removed),
            Annotating::Pin { expires_at: None },
            Annotating::Unpin,
        ] {
            let changed = changes::apply(connection, &annotate(n, annotating)).unwrap();
            assert!(matches!(changed, Changed::Done(_)), "{changed:?}");
        }
    });
    must_walk_nothing(&mut connection, "pinned messages", |connection, n| {
        let found = pins::messages(connection, nth(n), &reader(n)).unwrap();
        assert_eq!(found.len(), 1);
    });
    must_walk_nothing(&mut connection, "a join with reactions", |connection, n| {
        let requester = Requester::new(reader(n).no, Roles::default());
        let found = replay::snapshot(connection, nth(n), requester, None).unwrap();
        let on_five = found.annotations.of(5).unwrap();
        assert_eq!(on_five.reactions.len(), 1);
        assert!(found.annotations.of(6).unwrap().pin.is_some());
    });
    must_walk_nothing(&mut connection, "receipts", |connection, n| {
        let user = reader(n).no;
        let mark = marks::NewMark {
            conversation: nth(n),
            user,
            delivered: 20,
            read: 19,
            threads: 19,
        };
        marks::advance(connection, &[mark]).unwrap();
        let message = MessageId {
            conversation: nth(n),
            seq: 19,
        };
        let found = receipts::of_message(connection, message, &[user.0]).unwrap();
        assert!(found[&user].read_at.is_some() && found[&user].delivered_at.is_some());
        let moves = receipts::moves(connection, nth(n), 19, 10).unwrap();
        assert!(moves.iter().filter(|it| it.user == user).count() >= 2);
        assert_eq!(receipts::delete_old(connection, 90, 1_000).unwrap(), 0);
    });
    must_walk_nothing(&mut connection, "catching up", |connection, n| {
        let found = replay::entries(connection, nth(n), 20).unwrap();
        assert_eq!(found.len(), 6);
    });
}
