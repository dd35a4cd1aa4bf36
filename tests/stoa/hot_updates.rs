//! What every message changes about its conversation and its people stays on the row's page: no index depends on it.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use stoa::domain::ids::{ConversationNo, UserNo};
use stoa::domain::message::Content;
use stoa::domain::principal::Roles;
use stoa::store::append::{self, NewMessage};
use stoa::store::pool::Pool;

use crate::plans::{FILL, filled_database};

#[derive(Debug, QueryableByName)]
struct Dependent {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The indexes whose keys or whose conditions name one of the columns.
fn indexes_of(connection: &mut PgConnection, table: &str, columns: &str) -> Vec<String> {
    let sql = "
        select distinct i.relname::text as name
        from pg_depend d join pg_class i on i.oid = d.objid and i.relkind = 'i'
            join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.refobjid = $1::text::regclass and a.attname = any(string_to_array($2, ' '))
        order by 1";
    let found: Vec<Dependent> = diesel::sql_query(sql)
        .bind::<Text, _>(table)
        .bind::<Text, _>(columns)
        .load(connection)
        .unwrap();
    found.into_iter().map(|index| index.name).collect()
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Updates {
    #[diesel(sql_type = BigInt)]
    all: i64,
    #[diesel(sql_type = BigInt)]
    on_the_page: i64,
}

fn updates(connection: &mut PgConnection) -> Updates {
    connection
        .batch_execute("select pg_stat_force_next_flush()")
        .unwrap();
    let sql = "select n_tup_upd as all, n_tup_hot_upd as on_the_page from pg_stat_user_tables where relname = 'conversations'";
    diesel::sql_query(sql).get_result(connection).unwrap()
}

/// A database with few rows in each table.
pub fn filled() -> (Pool, PgConnection) {
    filled_database(&FILL.replace("10000", "5"))
}

#[test]
fn no_index_depends_on_what_every_message_changes() {
    let (_pool, mut connection) = filled();
    let of_conversations = indexes_of(
        &mut connection,
        "conversations",
        "last_seq updated_at policy_version",
    );
    assert!(of_conversations.is_empty(), "{of_conversations:?}");
    let of_people = indexes_of(&mut connection, "participants", "delivered_seq read_seq");
    assert!(of_people.is_empty(), "{of_people:?}");
    let known = indexes_of(&mut connection, "conversations", "deleted_at");
    assert_eq!(known, ["conversations_to_empty"]);
}

#[test]
fn a_message_writes_no_entry_into_an_index_of_conversations() {
    let (pool, mut outside) = filled();
    let before = updates(&mut outside);
    let mut connection = pool.for_appends().unwrap();
    for number in 1..=20 {
        let content = Content::text(Some(format!("hot-{number}")), "said".into());
        let message = NewMessage {
            conversation: ConversationNo(3),
            policy: 0,
            sender: UserNo(3),
            roles: Roles::default(),
            content: &content,
            fingerprint: number,
        };
        append::append(&mut connection, &[message]).unwrap();
    }
    updates(&mut connection);
    let after = updates(&mut outside);
    assert_eq!(after.all - before.all, 20);
    assert_eq!(after.on_the_page - before.on_the_page, 20);
}
