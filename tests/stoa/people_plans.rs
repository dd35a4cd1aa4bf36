//! What people have of conversations, businesses and subjects is read and written by index.

use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;
use stoa::domain::business::{BusinessId, StaffRole};
use stoa::domain::conversation::ConversationStatus;
use stoa::domain::ids::{BusinessNo, ConversationNo, UserNo};
use stoa::domain::mine::{MineChange, Notify, NotifyLevel};
use stoa::store::businesses::{self, Described};
use stoa::store::conversations::{self, Filter, Key};
use stoa::store::subjects::{self, SubjectKey};
use stoa::store::{mine, replay, users};

use crate::plans::{full_database, must_walk_nothing};

/// Each conversation is with one of a thousand businesses, which have ten staff each.
const BUSINESSES: &str = "
    update conversations set kind = 'support', business_no = 1 + no % 1000, external_id = 'room-' || no, slow_seconds = 3600;
    analyze";

fn of_businesses(connection: &mut PgConnection) {
    must_walk_nothing(connection, "a business", |connection, n| {
        let id = BusinessId::parse(&format!("business-{n}"), "id").unwrap();
        let found = businesses::find(connection, &id).unwrap().unwrap();
        let described = Described {
            name: "Another".to_owned(),
            zone: None,
            locale: None,
            settings: Some(json!({ "n": n })),
        };
        businesses::put(connection, &id, &described).unwrap();
        assert_eq!(businesses::staff(connection, found.no).unwrap().len(), 10);
        assert!(businesses::owners(connection, found.no).unwrap() <= 1);
    });
    must_walk_nothing(connection, "a member of staff", |connection, n| {
        let (business, user) = (BusinessNo(n), UserNo(n + 5_000));
        for role in [Some(StaffRole::Owner), None] {
            let wanted = (role, Some("Sam"));
            businesses::set_staff(connection, business, user, wanted, |_, _| Ok(())).unwrap();
        }
        assert_eq!(
            businesses::role_of(connection, business, user).unwrap(),
            None
        );
        businesses::of_user(connection, user).unwrap();
        businesses::recent_changes(connection, 5.0).unwrap();
    });
    must_walk_nothing(
        connection,
        "conversations of a business",
        |connection, n| {
            for (status, cursor) in [
                (None, None),
                (Some(ConversationStatus::Open), Some((Utc::now(), n))),
            ] {
                let (business, reader) = (BusinessNo(n), UserNo(n));
                let page =
                    businesses::conversations(connection, business, reader, status, cursor, 5);
                assert_eq!(page.unwrap().len(), 5);
            }
        },
    );
}

fn of_subjects(connection: &mut PgConnection) {
    must_walk_nothing(connection, "a subject", |connection, n| {
        let key = SubjectKey {
            kind: "job".to_owned(),
            id: format!("job-{n}"),
        };
        let described = subjects::Described {
            title: Some("Another".to_owned()),
            url: None,
            people: vec!["user-1".to_owned()],
            data: None,
        };
        subjects::put(connection, &key, &described).unwrap();
        assert!(subjects::find(connection, &key).unwrap().is_some());
        assert_eq!(subjects::conversations(connection, &key).unwrap().len(), 1);
        subjects::reads_about(connection, &key, UserNo(n)).unwrap();
    });
}

fn of_people(connection: &mut PgConnection) {
    let user = |n: i64| UserNo(1 + n * 7 % 10_000);
    must_walk_nothing(
        connection,
        "what a conversation is for one",
        |connection, n| {
            let change = MineChange {
                notify: Some(Notify {
                    level: NotifyLevel::None,
                    until: None,
                }),
                starred: Some(true),
                hidden: Some(true),
                unread_from: Some(Some(10)),
            };
            let set = mine::set(connection, ConversationNo(n), user(n), &change).unwrap();
            assert_eq!(set.unwrap().unread_from, Some(10));
        },
    );
    for filter in [
        Filter {
            starred: Some(true),
            ..Filter::default()
        },
        Filter {
            hidden: Some(true),
            ..Filter::default()
        },
        Filter {
            hidden: Some(false),
            ..Filter::default()
        },
    ] {
        let what = format!("a list by {filter:?}");
        must_walk_nothing(connection, &what, |connection, n| {
            conversations::list(connection, user(n), &filter, 50).unwrap();
            conversations::count(connection, user(n), &filter).unwrap();
        });
    }
    must_walk_nothing(connection, "when users were last here", |connection, n| {
        let seen: Vec<_> = (0..20)
            .map(|i| (UserNo(1 + n * 20 + i), Utc::now()))
            .collect();
        users::note_seen(connection, &seen).unwrap();
        let numbers: Vec<i64> = seen.iter().map(|(user, _)| user.0).collect();
        assert_eq!(users::last_seen(connection, &numbers).unwrap().len(), 20);
    });
    must_walk_nothing(connection, "a room by its external id", |connection, n| {
        let found = conversations::by_external_id(connection, &format!("room-{n}")).unwrap();
        let loaded = replay::load(connection, Key::No(found.unwrap().no)).unwrap();
        let loaded = loaded.unwrap();
        // Some have one more who is staff no more.
        assert!((10..=11).contains(&loaded.staff.len()));
        assert_eq!(loaded.spoken.len(), 3);
    });
}

#[test]
fn nothing_of_people_walks_a_big_table() {
    let (_, mut connection) = full_database();
    connection.batch_execute(BUSINESSES).unwrap();
    of_businesses(&mut connection);
    of_subjects(&mut connection);
    of_people(&mut connection);
}
