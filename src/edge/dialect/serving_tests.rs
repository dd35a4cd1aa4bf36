//! Which dialects are served together, and one that has REST endpoints alone.

use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::{App, web};
use utoipa_actix_web::AppExt;

use super::*;
use crate::domain::ids::ConversationId;
use crate::domain::room_event::Change;

/// A dialect without Socket.IO and without events.
static PLAIN: Spec = Spec {
    name: "plain",
    needs: Needs::NOTHING,
    encode: |_, _, _| None,
    socketio: None,
    paths: &["/api/plain"],
    routes: |routes| {
        routes.route("/api/plain/hello", web::get().to(|| async { "hello" }));
    },
};

/// Another one, at another path.
static OTHER: Spec = Spec {
    name: "other",
    needs: Needs::NOTHING,
    encode: |_, _, _| None,
    socketio: None,
    paths: &["/api/other"],
    routes: |_| {},
};

fn plain_alone() -> Dialects {
    let options = DialectOptions {
        dialects: Vec::new(),
        system_user_id: "system".to_owned(),
        media_hosts: Vec::new(),
    };
    let metrics = Metrics::new().unwrap();
    Dialects::of(vec![&PLAIN], &options, Arc::default(), &metrics)
}

#[actix_rt::test]
async fn a_dialect_may_have_rest_endpoints_alone() {
    let dialects = plain_alone();
    assert!(!dialects.has_socketio());
    assert!(dialects.in_namespace("/").is_none());
    let app = App::new()
        .into_utoipa_app()
        .configure(|routes| dialects.routes(routes))
        .into_app();
    let app = init_service(app).await;
    let request = TestRequest::get().uri("/api/plain/hello");
    let answer = call_and_read_body(&app, request.to_request()).await;
    assert_eq!(answer, "hello");
}

#[test]
fn a_dialect_without_socketio_reads_and_writes_nothing_there() {
    let dialects = plain_alone();
    let plain = Dialect::new(1, "plain", Needs::NOTHING);
    let refused = dialects.read(plain, "hello", &[]).unwrap_err();
    assert_eq!(refused.message(), "event hello is not known");
    let user = crate::domain::ids::UserId::stored("ann".to_owned());
    let typing = Change::Typing {
        user,
        is_typing: true,
    };
    let event = RoomEvent::new(ConversationId::fresh(), None, typing);
    assert!(dialects.told(plain, &event, None, UserNo(1)).is_none());
}

#[test]
fn dialects_clash_by_namespace_and_by_path() {
    assert!(!clash(&PLAIN, &OTHER), "neither has a namespace");
    assert!(clash(&PLAIN, &PLAIN), "they have the same path");
    assert!(!clash(&PLAIN, &lola::DIALECT));
    assert!(!clash(&stoory::DIALECT, &lola::DIALECT));
}

#[test]
fn dialects_are_named_once_and_known() {
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let found = wanted(&names)?;
        Ok::<_, String>(found.iter().map(|spec| spec.name).collect::<Vec<_>>())
    };
    assert_eq!(named(&["lola", " stoory"]), Ok(vec!["lola", "stoory"]));
    assert_eq!(named(&[""]), Ok(vec![]));
    let unknown = named(&["stoory", "klingon"]).unwrap_err();
    assert!(unknown.starts_with("--dialects: there is no dialect \"klingon\""));
    let twice = named(&["lola", "lola"]).unwrap_err();
    assert!(twice.starts_with("--dialects: lola and lola are served at the same place"));
}
