//! What the database says of one deal.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Map, Value};
use stoa::domain::flow::{FlowActor, Instance, Transition};

/// The rows of one conversation.
pub struct Rows {
    connection: PgConnection,
    /// The conversation's number.
    pub no: i64,
}

/// Up to where everything was looked at.
pub struct Mark {
    seq: i64,
    event: i64,
    refund: i64,
    order: i64,
}

impl Mark {
    /// The beginning of the deal.
    pub fn nothing() -> Self {
        Self {
            seq: 0,
            event: 0,
            refund: 0,
            order: 0,
        }
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Rows {
    /// Those of a conversation.
    pub fn of(mut connection: PgConnection, conversation: &str) -> Self {
        let query =
            format!("select no::text as line from conversations where id = '{conversation}'");
        let found: Line = diesel::sql_query(query)
            .get_result(&mut connection)
            .unwrap();
        let no = found.line.parse().unwrap();
        Self { connection, no }
    }

    /// What a query answers as one JSON value; `$no` stands for the conversation's number.
    pub fn json(&mut self, expression: &str) -> Value {
        let expression = expression.replace("$no", &self.no.to_string());
        let query = format!("select coalesce(({expression})::text, 'null') as line");
        let found: Line = diesel::sql_query(query)
            .get_result(&mut self.connection)
            .unwrap();
        serde_json::from_str(&found.line).unwrap()
    }

    /// A number that a query answers.
    pub fn number(&mut self, expression: &str) -> i64 {
        self.json(expression).as_i64().unwrap_or(0)
    }

    /// Changes rows.
    pub fn run(&mut self, statement: &str) {
        let statement = statement.replace("$no", &self.no.to_string());
        diesel::sql_query(statement)
            .execute(&mut self.connection)
            .unwrap();
    }

    /// Where the deal stands.
    pub fn instance(&mut self) -> Instance {
        let found =
            self.json("select instance from conversation_flows where conversation_no = $no");
        serde_json::from_value(found).unwrap()
    }

    /// Up to here everything was looked at.
    pub fn mark(&mut self) -> Mark {
        Mark {
            seq: self.number("select last_seq from conversations where no = $no"),
            event: self.number("select max(no) from webhook_events where conversation_no = $no"),
            refund: self.number("select max(no) from refunds"),
            order: self.number("select max(no) from payment_orders where conversation_no = $no"),
        }
    }

    /// Steps since then.
    pub fn hops(&mut self, since: &Mark) -> Vec<Transition> {
        let found = self.json(&format!(
            "select coalesce(jsonb_agg(to_jsonb(s) order by seq), '[]') from flow_steps s where conversation_no = $no and seq > {}",
            since.seq
        ));
        found.as_array().unwrap().iter().map(hop).collect()
    }

    /// What was said since then, to anybody.
    pub fn says(&mut self, since: &Mark) -> Vec<String> {
        self.texts(&format!(
            "select jsonb_agg(body order by seq) from messages where conversation_no = $no and seq > {}",
            since.seq
        ))
    }

    /// What the platform is told since then.
    pub fn events(&mut self, since: &Mark) -> Vec<(String, Value)> {
        let found = self.json(&format!(
            "select jsonb_agg(jsonb_build_array(event, body::jsonb -> 'data' -> 'event') order by no) from webhook_events where conversation_no = $no and no > {}",
            since.event
        ));
        serde_json::from_value::<Option<_>>(found)
            .unwrap()
            .unwrap_or_default()
    }

    /// Why money goes back since then.
    pub fn refunds(&mut self, since: &Mark) -> Vec<String> {
        self.texts(&format!(
            "select jsonb_agg(r.reason order by r.no) from refunds r join payments p on p.gateway = r.gateway and p.id = r.payment_id
             join payment_orders o on o.no = p.order_no where o.conversation_no = $no and r.no > {}",
            since.refund
        ))
    }

    /// The amounts of orders since then.
    pub fn orders(&mut self, since: &Mark) -> Vec<i64> {
        let found = self.json(&format!(
            "select jsonb_agg(amount order by no) from payment_orders where conversation_no = $no and no > {}",
            since.order
        ));
        serde_json::from_value::<Option<_>>(found)
            .unwrap()
            .unwrap_or_default()
    }

    fn texts(&mut self, expression: &str) -> Vec<String> {
        let found = self.json(expression);
        serde_json::from_value::<Option<_>>(found)
            .unwrap()
            .unwrap_or_default()
    }

    /// Lets time go by: timers are so much nearer. The deal's actor is made to read it again.
    pub fn shift(&mut self, by: TimeDelta) {
        let by = format!("interval '{} microseconds'", by.num_microseconds().unwrap());
        self.run(&format!(
            "with moved as (update flow_timers set due_at = due_at - {by} where conversation_no = $no),
                  doubted as (update conversations set policy_version = policy_version + 1 where no = $no)
             update conversation_flows set instance = jsonb_set(instance, '{{timers}}', (
                 select coalesce(jsonb_agg(jsonb_build_object('name', t ->> 'name', 'due', to_jsonb((t ->> 'due')::timestamptz - {by}))), '[]')
                 from jsonb_array_elements(instance -> 'timers') t)) where conversation_no = $no"
        ));
    }
}

fn hop(row: &Value) -> Transition {
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    Transition {
        from: text("from_state"),
        to: text("to_state").unwrap(),
        action: text("action").unwrap(),
        actor: match row["actor"].as_str().unwrap() {
            "staff" => FlowActor::Staff,
            "system" => FlowActor::System,
            "timer" => FlowActor::Timer,
            "payment" => FlowActor::Payment,
            role => FlowActor::Role(role.to_owned()),
        },
        input: row["input"].as_object().cloned().unwrap_or_else(Map::new),
        reason: text("reason"),
        version: row["state_version"].as_i64().unwrap(),
        lines: Vec::new(),
    }
}
