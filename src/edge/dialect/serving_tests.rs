//! Which dialects are served together, and one that has REST endpoints alone.

use actix_web::App;
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use clock::ManualClock;
use serde_json::value::to_raw_value;
use utoipa_actix_web::AppExt;

use super::clash_tests::{answers, hello, mount, with_rest};
use super::*;
use crate::domain::ids::ConversationId;
use crate::domain::room_event::Change;

pub(super) static PLAIN: Spec = with_rest(
    "plain",
    &[mount("/api/plain", |routes| {
        routes.service(hello);
    })],
);

fn plain_alone() -> Dialects {
    let options = DialectOptions {
        dialects: Vec::new(),
        system_user_id: "system".to_owned(),
        media_hosts: Vec::new(),
    };
    let metrics = Metrics::new().unwrap();
    let links = Arc::new(Links::of_tests());
    let beside = (Arc::default(), ManualClock::standing().clock(), links);
    Dialects::of(vec![&PLAIN], &options, beside, &metrics)
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
        name: None,
        is_typing: true,
    };
    let event = RoomEvent::new(ConversationId::fresh(), None, typing);
    assert!(dialects.encode(plain, &event, None, UserNo(1)).is_none());
}

#[actix_rt::test]
async fn every_endpoint_of_every_dialect_is_reached() {
    let specs: Vec<&Spec> = [&native::DIALECT].into_iter().chain(ALL).collect();
    let all: Vec<_> = specs.iter().flat_map(|spec| endpoints::of(spec)).collect();
    assert!(all.len() > 35, "{}", all.len());
    let path = |path: &str| {
        let parts = path.split('/').map(|part| match part {
            parameter if parameter.contains('{') => "x",
            literal => literal,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let paths: Vec<String> = all.iter().map(|endpoint| path(&endpoint.path)).collect();
    let requests: Vec<(&str, &str)> = all
        .iter()
        .zip(&paths)
        .map(|(endpoint, path)| (endpoint.method, path.as_str()))
        .collect();
    // Without the state of a server, a handler that is found fails.
    for (endpoint, (status, _)) in all.iter().zip(answers(&specs, &requests).await) {
        assert!(
            ![404, 405].contains(&status),
            "{} {status}",
            endpoint.name()
        );
    }
}

#[test]
fn a_dialect_reads_the_events_that_its_table_lists_and_no_others() {
    let socketio = || ALL.into_iter().filter_map(|spec| spec.socketio.as_ref());
    let names: Vec<&str> = socketio().flat_map(|one| one.requests).copied().collect();
    let nothing = to_raw_value(&serde_json::json!({})).unwrap();
    for dialect in socketio() {
        for name in names.iter().chain(&["nonsense"]) {
            let read = (dialect.read)(name, &[&nothing], &[]);
            let is_known = !matches!(read, Err(Refusal::Invalid { field, .. }) if field == "event");
            let namespace = dialect.namespace;
            assert_eq!(
                is_known,
                dialect.requests.contains(name),
                "{name} in {namespace}"
            );
        }
    }
}

#[test]
fn all_dialects_are_served_together() {
    let names: Vec<String> = ALL.iter().map(|spec| spec.name.to_owned()).collect();
    let served = clashes::wanted(&names).map(|specs| specs.len());
    assert_eq!(served, Ok(ALL.len()));
}
