//! The REST calls of the two front ends on rooms that exist, under both prefixes.

use serde_json::{Value, json};

use super::{Desk, MESSAGE, must_have};
use crate::client::{Answer, Person};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{TestApp, claims, token};

const PREFIXES: [&str; 2] = ["/chat", "/api/chat"];

#[actix_rt::test]
async fn a_message_sent_over_rest_is_the_document_that_others_hear() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    for prefix in PREFIXES {
        let path = format!("{prefix}/rooms/{}/messages", desk.room);
        let sent = desk.sam.post(&path, desk.answers("Hello")).await;
        let sent = sent.expect_status(201).body;
        must_have(&sent, &MESSAGE);
        assert_eq!(sent["senderType"], "staff");
        assert_eq!(ann.event("chat:new-message").await, sent);
        let again = json!({ "content": "Once", "clientId": format!("c{}", prefix.len()) });
        let first = desk.sam.post(&path, again.clone()).await;
        let first = first.expect_status(201).body;
        let second = desk.sam.post(&path, again).await.expect_status(200).body;
        assert_eq!(first["id"], second["id"]);
        assert_eq!(ann.event("chat:new-message").await, first);
    }
}

#[actix_rt::test]
async fn pages_go_back_from_a_message_and_say_whether_there_are_more() {
    let desk = Desk::open().await;
    for number in 0..7 {
        desk.ann.say(&desk.room, &number.to_string()).await;
    }
    for prefix in PREFIXES {
        let path = format!("{prefix}/rooms/{}/messages", desk.room);
        let (mut before, mut pages) = (String::new(), Vec::new());
        loop {
            let query = format!("{path}?limit=3&page=1&userId=sam&beforeMessageId={before}");
            let page = desk.sam.get(&query).await.expect_status(200).body;
            let messages = page["messages"].as_array().expect("a list").clone();
            before = messages[0]["_id"].as_str().expect("an id").to_owned();
            let texts: Vec<Value> = messages.iter().map(|it| it["content"].clone()).collect();
            pages.push(texts);
            if page["hasMore"] == false {
                break;
            }
        }
        let wanted = [json!(["4", "5", "6"]), json!(["1", "2", "3"]), json!(["0"])];
        assert_eq!(json!(pages), json!(wanted));
        let many = desk.sam.get(&format!("{path}?limit=1000")).await;
        let many = many.expect_status(200).body;
        assert_eq!(many["messages"].as_array().map(Vec::len), Some(7));
        for wrong in ["limit=0", "limit=x", "beforeMessageId=x"] {
            let refused = desk.sam.get(&format!("{path}?{wrong}")).await;
            must_have(&refused.expect_status(400).body, &[("message", "text")]);
        }
    }
}

#[actix_rt::test]
async fn rooms_are_listed_counted_read_and_shown_as_bare_documents() {
    let desk = Desk::open().await;
    desk.app.direct(&desk.ann, &desk.sam).await;
    let said = desk.ann.say(&desk.room, "Is anybody there?").await;
    for prefix in PREFIXES {
        let list = format!("{prefix}/rooms?roomType=customer-support&isActive=true&limit=20");
        let listed = desk.sam.get(&list).await.expect_status(200).body;
        assert_eq!(
            (&listed["total"], &listed["page"], &listed["totalPages"]),
            (&json!(1), &json!(1), &json!(1))
        );
        let room = &listed["rooms"][0];
        let members = [
            ("_id", "text"),
            ("roomType", "text"),
            ("isActive", "bool"),
            ("isArchived", "bool"),
            ("lastMessageId", "text"),
            ("lastMessageAt", "time"),
            ("unreadCount", "number"),
            ("createdAt", "time"),
            ("metadata.userName", "text"),
            ("metadata.userEmail", "null"),
            ("metadata.priority", "text"),
            ("metadata.tags", "list"),
            ("metadata.isGuest", "bool"),
        ];
        must_have(room, &members);
        assert_eq!(
            (&room["_id"], &room["id"]),
            (&json!(desk.room), &json!(desk.room))
        );
        assert_eq!(room["lastMessageId"], said["id"]);
        assert_eq!(room["metadata"]["userId"], "ann", "who asks, not who reads");
        assert_eq!(room["metadata"]["assignedStaffId"], "sam");
        let one = desk.sam.get(&format!("{prefix}/rooms/{}", desk.room)).await;
        assert_eq!(one.expect_status(200).body, *room);
        let all = desk
            .sam
            .get(&format!("{prefix}/rooms?limit=1&page=2"))
            .await;
        let all = all.expect_status(200).body;
        assert_eq!((&all["total"], &all["totalPages"]), (&json!(2), &json!(2)));
        let none = format!("{prefix}/rooms?priority=urgent");
        let none = desk.sam.get(&none).await.expect_status(200).body;
        assert_eq!(
            none,
            json!({ "rooms": [], "total": 0, "page": 1, "totalPages": 0 })
        );
    }
}

#[actix_rt::test]
async fn what_is_unread_is_counted_until_it_is_read() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    for prefix in PREFIXES {
        desk.ann.say(&desk.room, "Hello?").await;
        let counts = format!("{prefix}/unread-counts");
        let unread = desk.sam.get(&counts).await.expect_status(200).body;
        assert_eq!(
            (&unread["totalUnread"], &unread["roomsWithUnread"]),
            (&json!(1), &json!(1))
        );
        let room = &unread["rooms"][0];
        assert_eq!(
            (&room["roomId"], &room["unreadCount"]),
            (&json!(desk.room), &json!(1))
        );
        assert_eq!(room["customerName"], "ann by name");
        must_have(room, &[("lastMessageAt", "time")]);
        let path = format!("{prefix}/rooms/{}/messages/read", desk.room);
        let read = desk.sam.put(&path, json!({ "userId": "sam" })).await;
        let wanted = json!({ "success": true, "message": "Messages marked as read" });
        assert_eq!(read.expect_status(200).body, wanted);
        assert_eq!(ann.event("chat:messages-read").await["userId"], "sam");
        let unread = desk.sam.get(&counts).await.expect_status(200).body;
        assert_eq!(unread["rooms"], json!([]));
    }
}

#[actix_rt::test]
async fn what_is_denied_is_400_and_only_a_wrong_token_401() {
    let desk = Desk::open().await;
    let eve = desk.app.person("eve").await;
    let nobody = Person::new(desk.app.addresses(), "ann", "nonsense".to_owned());
    let expired = token(&stoa::identity::auth::Claims {
        exp: 1,
        ..claims("ann", &[])
    });
    let expired = Person::new(desk.app.addresses(), "ann", expired);
    for prefix in PREFIXES {
        let path = format!("{prefix}/rooms/{}/messages", desk.room);
        let body = json!({ "content": "x", "senderId": "ann" });
        let denied = eve.get(&path).await.expect_status(400).body;
        assert_eq!(denied["message"], "Chat room not found");
        assert_eq!(
            (&denied["statusCode"], &denied["error"]),
            (&json!(400), &json!("Bad Request"))
        );
        for refused in [
            eve.post(&path, json!({ "content": "x" })).await,
            eve.put(&format!("{path}/read"), json!({})).await,
            eve.get(&format!("{prefix}/rooms/{}", desk.room)).await,
            desk.sam.post(&path, body.clone()).await,
            desk.sam.get(&format!("{path}?userId=ann")).await,
            desk.sam
                .put(&format!("{path}/read"), json!({ "userId": "ann" }))
                .await,
        ] {
            let refused = refused.expect_status(400).body;
            must_have(&refused, &[("message", "text"), ("error_code", "text")]);
        }
        for unknown in [&nobody, &expired] {
            unknown.get(&path).await.expect_status(401);
        }
    }
}

#[actix_rt::test]
async fn what_belongs_to_the_desk_is_not_served_yet() {
    let desk = Desk::open().await;
    for prefix in PREFIXES {
        let create = json!({ "userId": "ann", "userName": "Ann", "businessId": "b-7" });
        let answer = desk
            .ann
            .post(&format!("{prefix}/rooms/create"), create)
            .await;
        assert!([404, 405].contains(&answer.status), "{}", answer.status);
        for path in ["faqs", "auto-responses"] {
            let answer = desk.ann.get(&format!("{prefix}/{path}")).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}

/// A request that is refused before a handler runs, and the status: `$r` is the path of a room, `$l` a body that is too large.
const REFUSED: [(&str, &str, &str, u16); 8] = [
    ("GET", "/rooms/x", "", 400),
    ("GET", "$r/messages?limit=x", "", 400),
    ("GET", "/nothing", "", 404),
    ("GET", "", "", 404),
    ("DELETE", "$r/messages", "", 405),
    ("POST", "$r/messages", "$l", 413),
    ("POST", "$r/messages", "{", 400),
    ("PUT", "$r/messages/read", "[]", 400),
];

/// A refusal in the form that these clients read.
#[track_caller]
fn must_be_refused(told: &Answer, status: u16, error: &str) {
    let body = &told.body;
    assert_eq!(told.status, status, "{}", told.text);
    assert_eq!(
        (&body["statusCode"], &body["error"]),
        (&json!(status), &json!(error)),
        "{body}"
    );
    must_have(body, &[("message", "text"), ("error_code", "text")]);
}

#[actix_rt::test]
async fn every_refusal_below_both_paths_has_one_form() {
    let desk = Desk::on(TestApp::with(&["--body-limit", "2048"]).await).await;
    let nobody = Person::new(desk.app.addresses(), "ann", "nonsense".to_owned());
    let large = json!({ "content": "x".repeat(4_000) }).to_string();
    let room = format!("/rooms/{}", desk.room);
    for prefix in PREFIXES {
        for (method, path, body, status) in REFUSED {
            let path = format!("{prefix}{}", path.replace("$r", &room));
            let body = body.replace("$l", &large);
            let body = Some(body).filter(|body| !body.is_empty());
            let told = desk.sam.request(method, &path, body, &[]).await;
            let code = reqwest::StatusCode::from_u16(status).expect("a status");
            must_be_refused(&told, status, code.canonical_reason().expect("words"));
            if status == 405 {
                let allowed = told.headers.get("allow").expect("Allow");
                assert!(allowed.to_str().expect("a text").contains("POST"));
            }
        }
        let path = format!("{prefix}{room}/messages");
        must_be_refused(&nobody.get(&path).await, 401, "Unauthorized");
        let packed = [("content-encoding", "gzip")];
        let told = desk
            .sam
            .request("POST", &path, Some("{}".to_owned()), &packed);
        must_be_refused(&told.await, 415, "Unsupported Media Type");
    }
    let native = desk.sam.get("/api/v1/nothing").await.expect_status(404);
    assert_eq!(
        native.body.get("statusCode"),
        None,
        "the native form is elsewhere"
    );
}

#[actix_rt::test]
async fn a_client_id_that_was_used_is_told_by_the_name_of_these_clients() {
    let desk = Desk::open().await;
    let path = format!("/chat/rooms/{}/messages", desk.room);
    let said = |text: &str| json!({ "content": text, "clientId": "c-1" });
    desk.sam.post(&path, said("one")).await.expect_status(201);
    let refused = desk
        .sam
        .post(&path, said("two"))
        .await
        .expect_status(409)
        .body;
    assert_eq!(
        refused["message"],
        "This clientId was used for another message"
    );
    let mut sam = SocketIoClient::lola(&desk.sam).await;
    let mut said = desk.answers("three");
    said["clientId"] = json!("c-1");
    let refused = sam.ask("chat:send-message", said).await;
    assert_eq!(
        refused["error"],
        "This clientId was used for another message"
    );
    assert_eq!(refused["message"], refused["error"]);
}

#[actix_rt::test]
async fn rooms_that_are_not_active_are_closed_or_archived() {
    let desk = Desk::open().await;
    let ann = &desk.ann;
    let listed = async |query: &str| {
        let path = format!("/chat/rooms?isActive={query}");
        let page = ann.get(&path).await.expect_status(200).body;
        let rooms = page["rooms"].as_array().expect("a list").clone();
        assert_eq!(page["total"], rooms.len());
        let is_archived = |room: &Value| room["isArchived"].clone();
        rooms.iter().map(is_archived).collect::<Vec<Value>>()
    };
    let path = format!("/api/v1/conversations/{}", desk.room);
    for (status, active, inactive) in [
        ("open", vec![json!(false)], vec![]),
        ("closed", vec![], vec![json!(false)]),
        ("archived", vec![], vec![json!(true)]),
    ] {
        let changed = ann.patch(&path, json!({ "status": status })).await;
        changed.expect_status(200);
        assert_eq!(listed("true").await, active, "{status}");
        assert_eq!(listed("false").await, inactive, "{status}");
    }
}
