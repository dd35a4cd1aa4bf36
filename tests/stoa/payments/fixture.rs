//! A server for the endpoints, a job runner with recorded deals, and a gateway.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use stoa::config::Config;
use stoa::domain::flow::{FlowInput, Money, OrderRequest, PaymentOutcome};
use stoa::domain::ids::ConversationNo;
use stoa::job_signal::JobSignal;
use stoa::jobs::{FileJobDeps, JobDeps, Runner};
use stoa::payment::PaymentGateway;
use stoa::store::orders::{self, OrderRow};
use stoa::store::pool::Pool;
use stoa::telemetry::metrics::Metrics;
use stoa::wire::outgoing::Outgoing;

use super::hex_hmac;
use super::razorpay::{Razorpay, WEBHOOK_SECRET, payment_entity};
use super::recorder::Recorder;
use crate::polling::until;
use crate::test_app::{SECRET, TestApp, parse};

/// What an order of the tests costs.
pub const PRICE: i64 = 500_000;

/// Everything that a test of money needs.
pub struct Fixture {
    pub app: TestApp,
    pub recorder: Recorder,
    pub config: Config,
    runner: Option<Runner>,
    job_signal: JobSignal,
}

/// The options of servers and runners, with those that every test of jobs has.
pub fn options(more: &[String]) -> Vec<String> {
    let usual = [
        "--rate-limits",
        "off",
        "--jobs",
        "off",
        "--job-retry-ms",
        "5",
    ];
    let usual = usual.into_iter().map(str::to_owned);
    usual.chain(more.iter().cloned()).collect()
}

/// The configuration of a runner on a database.
pub fn config_of(database: &str, options: &[String]) -> Config {
    let mut arguments = vec!["stoa", "--database-url", database, "--jwt-secret", SECRET];
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(["--database-connections", "4"]);
    if !arguments.contains(&"--razorpay-key-id") {
        arguments.push("--sandbox");
    }
    parse(&arguments)
}

/// A runner on a database.
pub fn runner(
    config: &Config,
    recorder: &Recorder,
    job_signal: &JobSignal,
    app: &TestApp,
) -> Runner {
    let url = config.database.database_url.clone().expect("a database").0;
    let pool = Pool::new(&url, &config.database).expect("a pool");
    let gateway = PaymentGateway::new(&config.payments, SECRET.as_bytes());
    let deals = recorder.deals();
    Runner::start(JobDeps::new(
        pool,
        gateway,
        deals,
        job_signal.clone(),
        (config, app.address),
        Arc::new(Metrics::new().expect("figures")),
        FileJobDeps {
            objects: None,
            checked: JobSignal::default(),
            directory: Arc::default(),
            outgoing: Outgoing::off(),
        },
    ))
}

impl Fixture {
    /// A server and a runner with these options.
    pub async fn with(more: &[String]) -> Self {
        let options = options(more);
        let texts: Vec<&str> = options.iter().map(String::as_str).collect();
        let app = TestApp::with(&texts).await;
        Self::of(app, &options, Recorder::new())
    }

    /// A server and a runner on a gateway.
    pub async fn at(razorpay: &Razorpay) -> Self {
        Self::with(&razorpay.options()).await
    }

    /// A runner beside a server that is there.
    pub fn of(app: TestApp, options: &[String], recorder: Recorder) -> Self {
        let (config, job_signal) = (config_of(&app.database, options), JobSignal::default());
        let runner = Some(runner(&config, &recorder, &job_signal, &app));
        Self {
            app,
            recorder,
            config,
            runner,
            job_signal,
        }
    }

    pub async fn stop_runner(&mut self) {
        self.runner.take().expect("a runner").stop().await;
    }

    pub fn start_runner(&mut self) {
        self.runner = Some(runner(
            &self.config,
            &self.recorder,
            &self.job_signal,
            &self.app,
        ));
    }

    /// The number of a fresh conversation of a buyer and a seller.
    pub async fn conversation(&self) -> ConversationNo {
        let (buyer, seller) = (
            self.app.person("buyer").await,
            self.app.person("seller").await,
        );
        let wanted = json!({ "kind": "group", "title": "a deal", "participants": [{ "user_id": "seller", "role": "influencer" }] });
        drop(seller);
        let made = buyer
            .post("/api/v1/conversations", wanted)
            .await
            .expect_status(201);
        let id: uuid::Uuid = made.body["id"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("a uuid");
        use stoa::store::schema::conversations::dsl;
        let mut connection = self.app.connection();
        let no = dsl::conversations
            .filter(dsl::id.eq(id))
            .select(dsl::no)
            .first(&mut connection);
        ConversationNo(no.expect("a conversation"))
    }

    /// An order that a deal asks for, as its step would write it.
    pub fn request(&self, conversation: ConversationNo, version: i64) {
        let wanted = OrderRequest {
            order: version,
            price: Money {
                amount: PRICE,
                currency: "INR".to_owned(),
            },
            description: "Payment for Campaign Collaboration".to_owned(),
            payer: Some("influencer".to_owned()),
        };
        let gateway = match self.config.payments.razorpay_key_id {
            Some(_) => "razorpay",
            None => "sandbox",
        };
        let mut connection = self.app.connection();
        orders::request(&mut connection, conversation, gateway, &wanted).expect("an order");
        self.job_signal.notify();
    }

    /// The order of a deal, once the gateway has made it and the deal was told.
    pub async fn ready(&self, conversation: ConversationNo, version: i64) -> OrderRow {
        let ready = |told: &(ConversationNo, FlowInput)| {
            let input = matches!(&told.1, FlowInput::Payment { order, outcome: PaymentOutcome::Ready { .. } } if *order == version);
            told.0 == conversation && input
        };
        self.recorder
            .until("an order", |told| told.iter().any(ready))
            .await;
        self.order(conversation, version)
    }

    /// A deal with an order that is ready; answers the gateway's id too.
    pub async fn deal(&self) -> (ConversationNo, String) {
        let conversation = self.conversation().await;
        self.request(conversation, 1);
        let order = self.ready(conversation, 1).await;
        (
            conversation,
            order.gateway_order_id.expect("the gateway's id"),
        )
    }

    pub fn order(&self, conversation: ConversationNo, version: i64) -> OrderRow {
        let found = orders::find(&mut self.app.connection(), conversation, version);
        found.expect("a query").expect("an order")
    }

    /// Posts a webhook as Razorpay does; answers the status.
    pub async fn post(&self, id: &str, body: &str) -> u16 {
        post(self.app.address, id, body, &hex_hmac(WEBHOOK_SECRET, body)).await
    }

    /// Posts an event that must be taken.
    pub async fn event(&self, event: &Event) {
        assert_eq!(self.post(&event.id, &event.body).await, 200);
        self.job_signal.notify();
    }

    /// Posts events, each once the one before it is taken in.
    pub async fn events(&self, events: &[Event]) {
        for event in events {
            self.event(event).await;
            self.until_idle().await;
        }
    }

    /// Waits until no job of these kinds is left but those that failed.
    pub async fn until_idle(&self) {
        let left =
            "select count(*) as n from jobs where kind <> 'reconcile' and given_up_at is null";
        let look = async || (self.count(left), self.recorder.told());
        until("all jobs to be done", look, |(jobs, _)| *jobs == 0).await;
    }

    /// The number that a query answers as `n`.
    pub fn count(&self, query: &str) -> i64 {
        count(&mut self.app.connection(), query)
    }

    pub fn run_sql(&self, statements: &str) {
        self.app
            .connection()
            .batch_execute(statements)
            .expect("statements");
        self.job_signal.notify();
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

pub fn count(connection: &mut PgConnection, query: &str) -> i64 {
    let found: Number = diesel::sql_query(query)
        .get_result(connection)
        .expect("a number");
    found.n
}

/// An event of a gateway.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub body: String,
}

/// An event about a payment of an order.
pub fn event(name: &str, order: &str, payment: &str, amount: i64) -> Event {
    let status = name.split('.').nth(1).expect("a name");
    let status = if name == "order.paid" {
        "captured"
    } else {
        status
    };
    let entity = payment_entity(order, payment, amount, status);
    let payload =
        json!({ "payment": { "entity": entity }, "order": { "entity": { "id": order } } });
    envelope(name, &format!("evt_{payment}_{name}"), payload)
}

/// An event about a refund.
pub fn refund_event(name: &str, payment: &str, refund: &str, amount: i64) -> Event {
    let entity = json!({ "id": refund, "entity": "refund", "amount": amount, "payment_id": payment, "currency": "INR" });
    envelope(
        name,
        &format!("evt_{refund}_{name}"),
        json!({ "refund": { "entity": entity } }),
    )
}

/// An event about a refund, with its payment beside it as these fields say.
pub fn refund_with(name: &str, refund: &str, amount: i64, payment: &Value) -> Event {
    let id = payment["id"].as_str().expect("a payment");
    let mut event = refund_event(name, id, refund, amount);
    let mut body: Value = serde_json::from_str(&event.body).expect("JSON");
    body["payload"]["payment"] = json!({ "entity": payment });
    event.body = body.to_string();
    event
}

fn envelope(name: &str, id: &str, payload: Value) -> Event {
    let body = json!({ "entity": "event", "account_id": "acc_1", "event": name, "contains": ["payment"], "payload": payload,
        "created_at": 1_567_674_606, "a_field_of_tomorrow": { "x": [1] } });
    Event {
        id: id.to_owned(),
        body: body.to_string(),
    }
}

/// Posts a webhook with any signature; answers the status.
pub async fn post(address: std::net::SocketAddr, id: &str, body: &str, signature: &str) -> u16 {
    let request = reqwest::Client::new()
        .post(format!("http://{address}/api/v1/webhooks/razorpay"))
        .header("x-razorpay-signature", signature)
        .header("x-razorpay-event-id", id)
        .body(body.to_owned());
    request.send().await.expect("an answer").status().as_u16()
}
