//! What the dialect reads goes by index.

use stoa::domain::ids::{ConversationId, ConversationNo, MessageId, UserNo};
use stoa::domain::snapshot::Reader;
use stoa::store::conversations::{self, Key};
use stoa::store::paging::{self, Which, Window};
use stoa::store::replied::replied;
use stoa::store::sent_lately::{SentLately, sent_lately};
use stoa::store::{messages, reactions};

use crate::plans::{full_database, must_walk_nothing};

#[test]
fn no_question_walks_a_big_table() {
    let (_, mut connection) = full_database();
    let connection = &mut connection;
    let part = Window {
        offset: 0,
        limit: 10,
    };
    let about_none_of = &["job", "post", "gang"];
    for which in [
        Which::OfSubject("job"),
        Which::Direct { about_none_of },
        Which::Several { about_none_of },
    ] {
        must_walk_nothing(connection, "a page of a type", |connection, n| {
            paging::conversations(connection, UserNo(n), which, part).unwrap()
        });
    }
    let place = |connection: &mut _, n: i64| -> ConversationId {
        let key = Key::No(ConversationNo(n * 800));
        conversations::find(connection, key).unwrap().unwrap().id
    };
    must_walk_nothing(connection, "what was sent a moment ago", |connection, n| {
        let wanted = SentLately {
            conversation: place(connection, n),
            sender: UserNo(1 + n * 800 * 7 % 10_000),
            body: "nothing".to_owned(),
            reply_to: None,
            client_ids: "rest-",
        };
        assert!(sent_lately(connection, &wanted).unwrap().is_none());
    });
    let message = |n: i64| MessageId {
        conversation: ConversationNo(n * 800),
        seq: 1,
    };
    must_walk_nothing(connection, "somebody's reactions", |connection, n| {
        reactions::own(connection, message(n), UserNo(n)).unwrap()
    });
    must_walk_nothing(connection, "what is answered", |connection, n| {
        let mut found = messages::find(connection, message(n)).unwrap().unwrap();
        let content = std::sync::Arc::make_mut(&mut found.content);
        content.reply_to = Some(message(n));
        let reader = Reader {
            no: UserNo(n),
            role: Some("member".to_owned()),
            sees_from: 0,
        };
        let answered = replied(connection, &reader, &[found]).unwrap();
        assert_eq!(answered.len(), 1);
    });
}
