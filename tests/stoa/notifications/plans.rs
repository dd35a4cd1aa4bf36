//! Queries of notifications go by index: on a full database none of them walks the table.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use notices::{Notices, Priority};
use stoa::domain::ids::{NoticeNo, UserNo};
use stoa::domain::notice::{About, NoticeSpec};
use stoa::store::notices::{self as rows, Change, Filter, NewNotices, Shown, Which, Withdrawn};

use crate::test_app::fresh_database;

/// 60,000 notifications of 600 users: a tenth unread, some with keys, some that expire.
const FILL: &str = "
insert into users (id) select 'u' || i from generate_series(1, 600) i;
insert into notifications (user_no, type, version, priority, title, message, subject_type, subject_id, key, maker_no, client_id, fingerprint, state, expires_at, read_at)
    select 1 + i % 600, 'system', 1, i % 4, 't', 'm', 'order', (i % 5000)::text, case when i % 3 = 0 then 'k' || i end, 0, 'c' || i, 0, 'shown',
        case when i % 10 = 0 then now() + i * interval '1 minute' end, case when i % 10 <> 0 then now() end
    from generate_series(1, 60000) i;
insert into notification_preferences (user_no, type, channel, allowed) select no, 'promotion', '*', false from users where no > 0;
insert into notification_settings (user_no, locale) select no, 'de' from users where no > 0;
analyze";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many rows were read by walking tables of notifications.
fn walked(connection: &mut PgConnection) -> i64 {
    connection
        .batch_execute("select pg_stat_force_next_flush()")
        .expect("a flush");
    let counters = "select coalesce(sum(seq_tup_read), 0)::bigint as n from pg_stat_user_tables where relname like 'notification%'";
    diesel::sql_query(counters)
        .get_result::<Count>(connection)
        .expect("counters")
        .n
}

fn new_one(user: i64, n: i64) -> NewNotices {
    let all = Notices::shipped_beside(Vec::new()).expect("types");
    NewNotices {
        spec: NoticeSpec {
            kind: "system".to_owned(),
            module: None,
            priority: Priority::Normal,
            data: serde_json::Map::new(),
            title: Some("t".to_owned()),
            message: Some("m".to_owned()),
            action: None,
            about: None,
            metadata: None,
            key: Some(format!("k{n}")),
            client_id: Some(format!("new{n}")),
            expires_at: None,
        },
        of: all.get("system").expect("the type").clone(),
        maker: UserNo(0),
        recipients: vec![UserNo(user)],
    }
}

#[tokio::test]
async fn no_query_walks_the_table() {
    let database = tokio::task::spawn_blocking(fresh_database).await.unwrap();
    let mut connection = PgConnection::establish(&database).unwrap();
    let connection = &mut connection;
    connection.batch_execute(FILL).unwrap();
    // Often enough that Postgres settles on a plan for whatever values come.
    for n in 0..8 {
        let before = walked(connection);
        read_all(connection, n);
        write_all(connection, n);
        assert_eq!(walked(connection), before, "round {n}");
    }
}

fn about(n: i64) -> About {
    About {
        kind: "order".to_owned(),
        id: (10 * n).to_string(),
    }
}

fn read_all(connection: &mut PgConnection, n: i64) {
    let user = UserNo(7);
    let unread = Filter {
        shown: Shown::Unread,
        ..Filter::default()
    };
    let of_thing = Filter {
        about: Some(about(7)),
        ..Filter::default()
    };
    let narrow = Filter {
        kind: Some("system".to_owned()),
        priority: Some(3),
        before: Some(50_000),
        ..Filter::default()
    };
    for filter in [Filter::default(), unread, of_thing, narrow] {
        rows::list(connection, user, &filter, 20).unwrap();
    }
    rows::count(connection, user).unwrap();
    rows::find(connection, NoticeNo(100 + n)).unwrap();
    rows::with_numbers(connection, &[1, 2, 3]).unwrap();
    rows::preferences::of_many(connection, &[user, UserNo(8)]).unwrap();
}

fn write_all(connection: &mut PgConnection, n: i64) {
    let user = UserNo(7);
    rows::create(connection, &new_one(30 + n, n)).unwrap();
    rows::change(connection, user, NoticeNo(6 + 600 * n), Change::Archive).unwrap();
    rows::mark_seen(connection, UserNo(100 + n)).unwrap();
    let which = Which {
        numbers: Some(vec![5]),
        ..Which::default()
    };
    rows::mark_read(connection, UserNo(200 + n), &which).unwrap();
    rows::mark_read(connection, UserNo(200 + n), &Which::default()).unwrap();
    rows::withdraw(connection, &Withdrawn::About(about(n))).unwrap();
    rows::withdraw(connection, &Withdrawn::Keyed(user, "k6".to_owned())).unwrap();
    rows::expire(connection).unwrap();
    rows::forget(connection).unwrap();
}
