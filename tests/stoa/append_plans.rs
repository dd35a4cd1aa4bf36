//! The statements that store messages go by index, whatever the batch, and whatever the tables were when they were planned.

use diesel::connection::SimpleConnection;
use stoa::domain::ids::{ConversationNo, MessageId, UserNo};
use stoa::domain::message::Content;
use stoa::domain::principal::Roles;
use stoa::store::append::{self, Appended, NewMessage};

use crate::plans::{FILL, filled_database, full_database, walks};

/// Appends to many conversations, with replies and repeats among them.
fn appends(drafts: &[Content]) -> Vec<NewMessage<'_>> {
    let message = |(i, content)| {
        let number = i as i64 + 1;
        NewMessage {
            conversation: ConversationNo(number * 19),
            policy: 0,
            sender: UserNo(number),
            roles: Roles::default(),
            content,
            fingerprint: number,
        }
    };
    drafts.iter().enumerate().map(message).collect()
}

#[test]
fn the_append_statements_go_by_index_whatever_the_size_of_the_batch() {
    let (pool, mut outside) = full_database();
    for empty_first in [true, false] {
        let mut connection = pool.for_appends().unwrap();
        for size in if empty_first {
            [1, 64, 512]
        } else {
            [512, 64, 1]
        } {
            let content = |i: i64| Content {
                reply_to: (i % 3 == 0).then_some(MessageId {
                    conversation: ConversationNo((i + 1) * 19),
                    seq: 1,
                }),
                ..Content::text(Some(format!("new-{empty_first}-{size}-{i}")), "said".into())
            };
            let drafts: Vec<Content> = (0..size).map(content).collect();
            must_look_up(&append::plans(&mut connection, &appends(&drafts)).unwrap());
            let before = walks(&mut outside);
            let stored = append::append(&mut connection, &appends(&drafts)).unwrap();
            let is_fresh = |outcome: &Appended| matches!(outcome, Appended::Stored { .. });
            assert!(stored.iter().all(is_fresh), "{stored:?}");
            let again = append::append(&mut connection, &appends(&drafts)).unwrap();
            let is_known = |outcome: &Appended| matches!(outcome, Appended::Duplicate { .. });
            assert!(again.iter().all(is_known), "{again:?}");
            walks(&mut connection);
            assert_eq!(walks(&mut outside), before, "{size} at once");
        }
    }
}

/// Every table is read by an index and a condition on it: an index without one is walked from end to end.
fn must_look_up(plans: &[Vec<String>]) {
    for plan in plans {
        let text = plan.join("\n");
        assert!(
            text.contains("Index Scan using conversations_pkey"),
            "{text}"
        );
        assert!(!text.contains("Seq Scan on"), "{text}");
        for (line, next) in plan.iter().zip(plan.iter().skip(1)) {
            let is_scan = ["Index Scan using", "Index Only Scan using"]
                .iter()
                .any(|scan| line.contains(scan));
            assert!(!is_scan || next.contains("Index Cond:"), "{text}");
        }
    }
}

#[test]
fn the_append_statements_go_by_index_when_planned_for_small_tables() {
    let (pool, mut outside) = filled_database("analyze");
    let few = FILL.replace("10000", "5");
    for fill in ["analyze", few.as_str()] {
        outside.batch_execute(fill).unwrap();
        let mut connection = pool.for_appends().unwrap();
        let reply_to = Some(MessageId {
            conversation: ConversationNo(19),
            seq: 1,
        });
        let drafts = [Content {
            reply_to,
            ..Content::text(None, "said".into())
        }];
        must_look_up(&append::plans(&mut connection, &appends(&drafts)).unwrap());
    }
}
