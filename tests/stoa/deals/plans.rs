//! The statement that writes steps looks everything up by index, and so do those who read deals.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use flow::Definition;
use flow::machine;
use stoa::deal::deciding::StepContext;
use stoa::domain::conversation::{Conversation, ConversationKind, ConversationStatus};
use stoa::domain::deal_reader::DealReader;
use stoa::domain::ids::{ConversationId, ConversationNo, UserId, UserNo};
use stoa::domain::principal::Principal;
use stoa::store::flows;
use stoa::store::steps::{self, NewStep};

use super::TICKING;
use crate::plans::full_database;

/// 10,000 deals with 20 steps each.
const DEALS: &str = "
insert into flow_definitions (name, version, source) values ('ticking', 1, '');
insert into conversation_flows (conversation_no, name, version, state, phase, instance, standing)
    select no, 'ticking', 1, 'waiting', 'running', '{}', '{}' from conversations;
insert into flow_steps (conversation_no, seq, state_version, to_state, action, actor, input, flow_version, request_id)
    select c, s + 100, s, 'waiting', 'answer', 'one', '{}', 1, c || '-' || s from generate_series(1, 10000) c, generate_series(1, 20) s;
insert into flow_timers (conversation_no, name, due_at) select no, 'deadline', now() + interval '1 day' from conversations;
insert into payment_orders (id, conversation_no, requested_version, gateway, amount, currency, description)
    select gen_random_uuid(), no, 1, 'sandbox', 100, 'INR', '' from conversations;
analyze";

fn step(definition: &Definition, no: i64) -> NewStep {
    let now = chrono::Utc::now();
    let conversation = Conversation {
        no: ConversationNo(no),
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: None,
        status: ConversationStatus::Open,
        subject: None,
        created_by: UserId::stored("user-1".into()),
        last_seq: 0,
        policy_version: 0,
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
        flow: None,
        created_at: now,
        updated_at: now,
    };
    let caller = Principal {
        no: UserNo(1),
        id: UserId::stored("user-1".into()),
        profile: Default::default(),
        issued_at: None,
        roles: Default::default(),
        platform_role: None,
        valid_until: 0,
    };
    let context = StepContext {
        conversation: &conversation,
        base_version: 0,
        gateway: Some("sandbox"),
        caller: Some(&caller),
        reader: DealReader::Anybody,
        now,
    };
    let begun = machine::start(definition, serde_json::Map::new(), now).unwrap();
    context
        .decided(begun, format!("r-{no}"), None)
        .unwrap()
        .step
}

#[test]
fn a_step_is_written_by_index_alone_whatever_the_size_of_the_batch() {
    let (pool, mut outside) = full_database();
    outside.batch_execute(DEALS).unwrap();
    let definition = Definition::parse(TICKING).unwrap();
    let mut connection = pool.for_appends().unwrap();
    for size in [1, 16, 128] {
        let batch: Vec<NewStep> = (1..=size)
            .map(|number| step(&definition, number * 70))
            .collect();
        let plan = steps::plan(&mut connection, &batch).unwrap();
        let walked: Vec<&String> = plan
            .iter()
            .filter(|line| line.contains("Seq Scan on") || line.contains("Bitmap Heap Scan on"))
            .collect();
        assert!(walked.is_empty(), "{size}: {walked:?}");
    }
}

#[test]
fn deals_are_read_by_index() {
    let (pool, mut outside) = full_database();
    outside.batch_execute(DEALS).unwrap();
    let mut connection = pool.dedicated().unwrap();
    let walks = |connection: &mut diesel::PgConnection| -> Vec<(String, i64)> {
        #[derive(diesel::QueryableByName)]
        struct Walks {
            #[diesel(sql_type = diesel::sql_types::Text)]
            name: String,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            walks: i64,
        }
        connection
            .batch_execute("select pg_stat_force_next_flush()")
            .unwrap();
        let counters = "select relname::text as name, seq_scan as walks from pg_stat_user_tables
            where relname in ('flow_steps', 'conversation_flows', 'messages', 'conversations') order by 1";
        let rows: Vec<Walks> = diesel::sql_query(counters).load(connection).unwrap();
        rows.into_iter().map(|row| (row.name, row.walks)).collect()
    };
    let before = walks(&mut connection);
    for number in 1..=12 {
        let no = ConversationNo(number * 19);
        flows::steps(&mut connection, no, 0, 50).unwrap();
        flows::answer_to(&mut connection, no, &format!("{}-3", no.0)).unwrap();
        flows::running(&mut connection, "ticking", 1, no, 100).unwrap();
    }
    assert_eq!(walks(&mut connection), before);
}
