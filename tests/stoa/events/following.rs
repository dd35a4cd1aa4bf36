//! What follows from events: an order's room opens, gains a rider, speaks and closes by itself.

use serde_json::{Value, json};

use super::{Fixture, order, rooms_of, shipped};
use crate::client::Person;

async fn pharmacy() -> Fixture {
    Fixture::with(&shipped("pharmago"), &["ada", "rob", "sue", "corner"]).await
}

fn roles(room: &Value) -> Vec<String> {
    let people = room["participants"].as_array().expect("participants");
    let mut roles: Vec<String> = people
        .iter()
        .map(|person| {
            let (id, role) = (&person["user_id"], &person["role"]);
            format!("{} as {}", id.as_str().unwrap(), role.as_str().unwrap())
        })
        .collect();
    roles.sort();
    roles
}

/// Places an order; answers the id of its room, of which its customer hears at once.
async fn placed(fixture: &Fixture, ada: &Person) -> String {
    let mut listening = ada.socket().await;
    let placed = order(
        "1",
        "order.placed",
        "42",
        Some("ada"),
        json!({ "pharmacy": "corner" }),
    );
    fixture.told(placed).await;
    let created = listening.event("conversation_created").await;
    let id = created["conversation"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    fixture.until_handled().await;
    let rooms = rooms_of(ada).await;
    assert_eq!(rooms.len(), 1);
    assert_eq!(
        (&rooms[0]["id"], &rooms[0]["title"]),
        (&json!(id), &json!("Order 42"))
    );
    assert_eq!(rooms[0]["subject"]["id"], "42");
    id
}

#[tokio::test]
async fn an_order_lives_by_its_events_alone() {
    let fixture = pharmacy().await;
    let ada = fixture.app.person("ada").await;
    let id = placed(&fixture, &ada).await;
    let mut joined = ada.joined(&id).await;
    for (no, rider) in [("2", "rob"), ("3", "sue")] {
        let assigned = order(no, "order.assigned", "42", None, json!({ "rider": rider }));
        fixture.told(assigned).await;
        let said = joined.event("new_message").await;
        assert_eq!(
            said["message"]["body"],
            format!("{rider} by name brings the order.")
        );
        assert_eq!(said["message"]["kind"], "system");
    }
    fixture.until_handled().await;
    let room = ada.get(&format!("/api/v1/conversations/{id}")).await.body;
    assert_eq!(
        roles(&room),
        ["ada as customer", "corner as pharmacy", "sue as rider"]
    );

    fixture
        .told(json!([
            order(
                "4",
                "order.delayed",
                "42",
                None,
                json!({ "minutes": 20, "reason": "Snow." })
            ),
            order("5", "order.delayed", "42", None, json!({ "minutes": 1 })),
            order("6", "order.delivered", "42", Some("sue"), json!({})),
        ]))
        .await;
    fixture.until_handled().await;
    let bodies = ada.bodies(&id).await;
    assert_eq!(
        bodies,
        [
            "ada by name ordered. Questions about the order are answered here.",
            "rob by name brings the order.",
            "sue by name brings the order.",
            "The order comes 20 minutes later. Snow.",
            "The order was delivered.",
        ]
    );
    let webhooks =
        "select event || ' ' || (body::json -> 'data' ->> 'data') as line from webhook_events";
    assert_eq!(
        fixture.lines(webhooks),
        ["order.room_informed {\"order\":\"42\"}"]
    );

    closes_by_itself(&fixture, &ada, &id).await;
}

/// People may still talk, until the room closes two days later.
async fn closes_by_itself(fixture: &Fixture, ada: &Person, id: &str) {
    ada.say(id, "Thank you!").await;
    let late = "select count(*) as n from jobs where kind = 'run_rule' and due_at > now() + interval '47 hours'";
    assert_eq!(fixture.app.count(late), 1);
    fixture.run_sql("update jobs set due_at = now() where kind = 'run_rule'");
    let closed = "select count(*) as n from conversations where status = 'closed'";
    fixture.app.until_count(closed, 1).await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let refused = ada.post(&path, json!({ "body": "more" })).await;
    refused
        .expect_status(409)
        .expect_code("CONVERSATION_CLOSED");
    fixture
        .app
        .until_count("select count(*) as n from jobs where lane = 'events'", 0)
        .await;
}

#[tokio::test]
async fn what_rules_made_of_an_event_is_told_with_the_reason() {
    let fixture = pharmacy().await;
    fixture
        .told(json!([
            order(
                "1",
                "order.placed",
                "1",
                Some("corner"),
                json!({ "pharmacy": "corner" })
            ),
            order("2", "order.delayed", "1", None, json!({ "minutes": 2 })),
            order("3", "order.delayed", "1", None, json!({ "minutes": 20 })),
            order(
                "4",
                "order.cancelled",
                "1",
                Some("ada"),
                json!({ "reason": "Too late." })
            ),
        ]))
        .await;
    fixture.until_handled().await;
    let skipped = fixture.rules_of("shop", "2").await;
    assert_eq!(skipped[0]["rule"], "pharmago/delayed");
    assert_eq!(skipped[0]["status"], "skipped");
    assert_eq!(
        skipped[0]["detail"],
        json!({ "condition": "data.minutes >= 5", "values": { "data.minutes": 2 } })
    );
    let alone = fixture.rules_of("shop", "3").await;
    assert_eq!(
        (&alone[0]["status"], &alone[0]["detail"]),
        (
            &json!("done"),
            &json!({ "nothing_to_do": ["there is no open room"] })
        )
    );
    let noted = "select u.id || ' ' || a.action || ' ' || a.object_type || '/' || a.object_id || ' ' || (a.data ->> 'text') as line from audit_log a join users u on u.no = a.actor_no";
    assert_eq!(
        fixture.lines(noted),
        ["ada order.cancelled order/1 Too late."]
    );
    assert_eq!(
        fixture.app.count("select count(*) as n from conversations"),
        0
    );
}

#[tokio::test]
async fn a_lead_has_one_thread_and_everybody_who_claims_it_takes_part() {
    let fixture = Fixture::with(&shipped("quotexbert"), &["hana", "carl", "cora"]).await;
    let claimed = |id: &str, contractor: &str| {
        json!({ "source": "app", "id": id, "type": "lead.claimed", "actor": contractor, "subject": "lead/9",
            "data": { "homeowner": "hana", "contractor": contractor, "title": "New roof" } })
    };
    fixture
        .told(json!([
            claimed("1", "carl"),
            claimed("2", "cora"),
            claimed("1", "carl")
        ]))
        .await;
    fixture.told(json!({ "source": "app", "id": "3", "type": "lead.accepted", "actor": "hana", "subject": "lead/9", "data": { "contractor": "cora" } })).await;
    fixture.until_handled().await;
    let hana = fixture.app.person("hana").await;
    let rooms = rooms_of(&hana).await;
    assert_eq!((rooms.len(), &rooms[0]["title"]), (1, &json!("New roof")));
    let id = rooms[0]["id"].as_str().unwrap();
    let room = hana.get(&format!("/api/v1/conversations/{id}")).await.body;
    assert_eq!(
        roles(&room),
        [
            "carl as contractor",
            "cora as contractor",
            "hana as homeowner"
        ]
    );
    assert_eq!(
        hana.bodies(id).await,
        [
            "carl by name claimed the lead. You can talk about it here.",
            "cora by name claimed the lead. You can talk about it here.",
            "cora by name has the job.",
        ]
    );
    let tied = "select l.id || ' ' || h.id || ' ' || c.kind as line from connections c join users l on l.no = c.low_no join users h on h.no = c.high_no";
    assert_eq!(fixture.lines(tied), ["hana cora customer"]);
}

#[tokio::test]
async fn bookings_stand_in_the_audit_log() {
    let fixture = Fixture::with(&shipped("lola"), &["cleo", "sam"]).await;
    let event = |id: &str, event_type: &str, data: Value| json!({ "source": "lola", "id": id, "type": event_type, "subject": "booking/1", "data": data });
    fixture
        .told(json!([
            event(
                "1",
                "booking.created",
                json!({ "client": "cleo", "staff": "sam", "service": "Haircut" })
            ),
            event(
                "2",
                "booking.status_changed",
                json!({ "status": "confirmed" })
            ),
            event("3", "booking.completed", json!({})),
        ]))
        .await;
    fixture.until_handled().await;
    let noted = "select action || ': ' || (data ->> 'text') as line from audit_log order by no";
    assert_eq!(
        fixture.lines(noted),
        [
            "create: Booking of Haircut for cleo by name",
            "status-changed: The booking is now confirmed",
            "complete: The booking was completed",
        ]
    );
    let cleo = fixture.app.person("cleo").await;
    let rooms = rooms_of(&cleo).await;
    assert_eq!(rooms[0]["status"], "closed");
}

fn ties() -> Value {
    json!([
        { "source": "ptp", "id": "1", "type": "job.applied", "actor": "asha", "subject": "job/42",
            "data": { "applicationId": "981", "employer": "erik", "title": "Barista" } },
        { "source": "ptp", "id": "2", "type": "gang.joined", "actor": "bela", "subject": "gang/3", "data": { "leader": "asha", "name": "Night owls" } },
        { "source": "ptp", "id": "3", "type": "connection.accepted", "actor": "erik", "data": { "requester": "asha" } },
        { "source": "ptp", "id": "4", "type": "connection.accepted", "actor": "erik", "data": { "requester": "bela" } },
        { "source": "ptp", "id": "5", "type": "profile.updated", "actor": "asha", "data": { "headline": "Barista" } },
    ])
}

#[tokio::test]
async fn applications_gangs_and_connections_tie_people_together() {
    let fixture = Fixture::with(&shipped("part_time_pays"), &["asha", "bela", "erik"]).await;
    fixture.told(ties()).await;
    fixture.until_handled().await;
    fixture
        .told(json!({ "source": "ptp", "id": "6", "type": "connection.ended", "actor": "bela", "data": { "other": "erik" } }))
        .await;
    fixture.until_handled().await;
    let tied = "select l.id || ' ' || h.id || ' ' || c.kind as line from connections c join users l on l.no = c.low_no join users h on h.no = c.high_no order by 1";
    assert_eq!(
        fixture.lines(tied),
        ["asha bela gang", "asha erik connection"]
    );
    must_have_done(&fixture);
    let traits = "select u.id || ' ' || t.name || ' ' || t.value as line from user_traits t join users u on u.no = t.user_no";
    assert_eq!(fixture.lines(traits), ["asha headline Barista"]);
    let asha = fixture.app.person("asha").await;
    let titles: Vec<Value> = rooms_of(&asha)
        .await
        .iter()
        .map(|room| room["title"].clone())
        .collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
}

/// What people did, and whom it concerns.
fn must_have_done(fixture: &Fixture) {
    let did = "select u.id || ' ' || a.module || ' ' || a.type || ' ' || (select coalesce(string_agg(w.id, ','), '') from concerns c join users w on w.no = c.user_no where c.event_no = a.event_no) as line from activities a join users u on u.no = a.actor_no order by a.event_no";
    assert_eq!(
        fixture.lines(did),
        [
            "asha jobs job.applied erik",
            "bela gang gang.joined asha",
            "erik profiles connection.accepted asha",
            "erik profiles connection.accepted bela",
            "asha profiles profile.updated ",
            "bela profiles connection.ended erik",
        ]
    );
}

#[tokio::test]
async fn a_withdrawn_event_is_no_activity_in_whatever_order_the_two_come() {
    let fixture = Fixture::with(&shipped("part_time_pays"), &["asha"]).await;
    let event = |id: &str, undoes: Option<&str>| json!({ "source": "ptp", "id": id, "type": "community_post.created", "actor": "asha", "subject": format!("community_post/{id}"), "undoes": undoes });
    fixture.told(event("1", None)).await;
    fixture.told(event("u-1", Some("1"))).await;
    fixture.told(event("u-2", Some("2"))).await;
    fixture.told(event("2", None)).await;
    fixture
        .told(json!([
            event("3", None),
            event("u-3", Some("3")),
            event("u-4", Some("4")),
            event("4", None),
            event("5", None)
        ]))
        .await;
    let left = "select e.id as line from activities a join events e on e.no = a.event_no order by a.event_no";
    assert_eq!(fixture.lines(left), ["u-1", "u-2", "u-3", "u-4", "5"]);
}
