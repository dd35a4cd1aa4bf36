//! Which dialects clash: small dialects, chosen together, and asked together.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, get, put};
use utoipa_actix_web::AppExt;

use super::serving_tests::PLAIN;
use super::*;

#[utoipa::path(responses((status = 200)))]
#[get("/hello")]
pub(super) async fn hello() -> &'static str {
    "hello"
}

#[utoipa::path(responses((status = 200)))]
#[put("/hello")]
async fn put_hello() -> &'static str {
    "put"
}

#[utoipa::path(params(("name", description = "any")), responses((status = 200)))]
#[get("/{name}")]
async fn anything(_: actix_web::web::Path<String>) -> &'static str {
    "anything"
}

#[utoipa::path(params(("name", description = "any")), responses((status = 200)))]
#[get("/deep/{name}/hello")]
async fn deep(_: actix_web::web::Path<String>) -> &'static str {
    "deep"
}

/// A dialect without Socket.IO and without events.
pub(super) const fn with_rest(name: &'static str, rest: &'static [Mount]) -> Spec {
    Spec {
        name,
        needs: Needs::NOTHING,
        encode: |_, _, _| None,
        socketio: None,
        rest,
    }
}

/// A dialect in this namespace that reads these events.
const fn with_events(
    name: &'static str,
    namespace: &'static str,
    requests: &'static [&'static str],
) -> Spec {
    let socketio = SocketIoSpec {
        namespace,
        requests,
        read: |name, _, _| Err(requests::unknown(name)),
        acknowledge: |_, _, _| String::new(),
        refused_as: |_| None,
        watched: |_, _| String::new(),
        refused: refusal,
        notice: |_| None,
        greeting: |_, _| None,
    };
    let mut spec = with_rest(name, &[]);
    spec.socketio = Some(socketio);
    spec
}

pub(super) const fn mount(prefix: &'static str, routes: fn(&mut ServiceConfig<'_>)) -> Mount {
    let refused = None;
    Mount {
        prefix,
        routes,
        refused,
    }
}

/// The answers of a server with these dialects.
pub(super) async fn answers(specs: &[&Spec], requests: &[(&str, &str)]) -> Vec<(u16, String)> {
    let add = |routes: &mut ServiceConfig<'_>| endpoints::add(specs.iter().copied(), routes);
    let app = App::new().into_utoipa_app().configure(add).into_app();
    let app = init_service(app).await;
    let mut answers = Vec::new();
    for (method, path) in requests {
        let method = method.parse().unwrap();
        let sent = TestRequest::with_uri(path).method(method).to_request();
        let answer = call_service(&app, sent).await;
        let status = answer.status().as_u16();
        let body = read_body(answer).await;
        answers.push((status, String::from_utf8(body.to_vec()).unwrap()));
    }
    answers
}

/// Why these two are refused together.
fn refused(one: Spec, other: Spec) -> Option<String> {
    let all: [&'static Spec; 2] = [Box::leak(Box::new(one)), Box::leak(Box::new(other))];
    let names = all.map(|spec| spec.name.to_owned());
    clashes::chosen(&all, &names).err()
}

#[test]
fn dialects_clash_by_endpoints_that_the_same_requests_fit() {
    const HELLO: &[Mount] = &[mount("/api/one", |routes| {
        routes.service(hello);
    })];
    const PUT_HELLO: &[Mount] = &[mount("/api/one", |routes| {
        routes.service(put_hello);
    })];
    const ANYTHING: &[Mount] = &[mount("/api/one", |routes| {
        routes.service(anything);
    })];
    const ELSEWHERE: &[Mount] = &[mount("/api/two", |routes| {
        routes.service(anything);
    })];
    let refusal = refused(with_rest("a", HELLO), with_rest("b", HELLO)).unwrap();
    let same = "--dialects: a and b cannot be served together: both have GET /api/one/hello; name one of them.";
    assert_eq!(refusal, same);
    let refusal = refused(with_rest("a", HELLO), with_rest("b", ANYTHING)).unwrap();
    let fits = "a and b cannot be served together: some requests fit both GET /api/one/hello and GET /api/one/{name};";
    assert!(refusal.contains(fits), "{refusal}");
    let method = refused(with_rest("a", PUT_HELLO), with_rest("b", ANYTHING));
    assert_eq!(method, None, "another method");
    let id = refused(with_rest("a", HELLO), with_rest("b", ELSEWHERE));
    assert_eq!(id, None, "another path");
}

#[actix_rt::test]
async fn dialects_share_a_path_where_no_request_fits_both() {
    static PUTS: Spec = with_rest(
        "puts",
        &[mount("/api/plain", |routes| {
            routes.service(put_hello);
        })],
    );
    static BELOW: Spec = with_rest(
        "below",
        &[mount("/api", |routes| {
            routes.service(deep);
        })],
    );
    for order in [[&PLAIN, &PUTS, &BELOW], [&BELOW, &PUTS, &PLAIN]] {
        let requests = [
            ("GET", "/api/plain/hello"),
            ("PUT", "/api/plain/hello"),
            ("GET", "/api/deep/1/hello"),
        ];
        let bodies = ["hello", "put", "deep"].map(|body| (200, body.to_owned()));
        assert_eq!(answers(&order, &requests).await, bodies);
        assert_eq!(clashes::clash(order[0], order[2]), None);
    }
}

#[actix_rt::test]
async fn dialects_clash_by_a_path_that_takes_all_requests_below_it() {
    static ABOVE: Spec = with_rest(
        "above",
        &[mount("/api", |routes| {
            routes.service(deep);
        })],
    );
    static TAKER: Spec = with_rest(
        "taker",
        &[mount("/api/deep", |routes| {
            routes.service(hello);
        })],
    );
    let hidden = answers(&[&ABOVE, &TAKER], &[("GET", "/api/deep/1/hello")]).await;
    assert_eq!(hidden[0].0, 404, "the clash is real");
    let wanted = "GET /api/deep/{name}/hello is below /api/deep, where taker takes all requests";
    assert_eq!(clashes::clash(&ABOVE, &TAKER).as_deref(), Some(wanted));
    assert_eq!(clashes::clash(&TAKER, &ABOVE).as_deref(), Some(wanted));
}

#[test]
fn dialects_clash_by_namespace() {
    let one = || with_events("a", "/x", &["join", "send"]);
    let refusal = refused(one(), with_events("b", "/x", &["send"])).unwrap();
    let both = "a and b cannot be served together: both read the event send in the Socket.IO namespace /x; name one of them.";
    assert!(refusal.contains(both), "{refusal}");
    let refusal = refused(one(), with_events("b", "/x", &["leave"])).unwrap();
    assert!(
        refusal.contains("both use the Socket.IO namespace /x"),
        "{refusal}"
    );
    assert_eq!(refused(one(), with_events("b", "/y", &["send"])), None);
}

#[test]
fn no_dialect_takes_what_every_server_has() {
    const ME: &[Mount] = &[mount("/api", |routes| {
        routes.service(utoipa_actix_web::scope("/{version}").service(hello));
    })];
    const USERS: &[Mount] = &[mount("/api/v1/users", |routes| {
        routes.service(hello);
    })];
    const ROOT: &[Mount] = &[mount("", |routes| {
        routes.service(anything);
    })];
    let free = with_rest("free", &[]);
    let refusal = refused(with_rest("native-like", USERS), free).unwrap();
    let wanted = "--dialects: native-like cannot be served beside Stoa's native API: ";
    assert!(refusal.starts_with(wanted), "{refusal}");
    let refusal = refused(with_rest("rooted", ROOT), with_rest("free", &[])).unwrap();
    assert!(
        refusal.contains("GET /healthz and GET /{name}"),
        "{refusal}"
    );
    let refusal = refused(with_rest("versioned", ME), with_rest("free", &[])).unwrap();
    assert!(
        refusal.contains("is below /api/v1, where native takes all requests"),
        "{refusal}"
    );
}

#[test]
fn one_server_serves_eight_dialects() {
    let made = |count: usize| {
        let names: Vec<String> = (0..count).map(|no| format!("d{no}")).collect();
        let spec = |name: &String| -> &'static Spec {
            let name: &'static str = Box::leak(name.clone().into_boxed_str());
            Box::leak(Box::new(with_rest(name, &[])))
        };
        let all: Vec<&'static Spec> = names.iter().map(spec).collect();
        clashes::chosen(&all, &names).map(|chosen| chosen.len())
    };
    assert_eq!(made(Dialect::MOST - 1), Ok(7), "with the native one");
    let wanted = "--dialects: one server serves at most 7 dialects besides the native one, not 8; name fewer.";
    assert_eq!(made(Dialect::MOST), Err(wanted.to_owned()));
}

#[test]
fn dialects_are_named_once_and_known() {
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let found = clashes::wanted(&names)?;
        Ok::<_, String>(found.iter().map(|spec| spec.name).collect::<Vec<_>>())
    };
    assert_eq!(named(&["lola", " stoory"]), Ok(vec!["lola", "stoory"]));
    assert_eq!(named(&[""]), Ok(vec![]));
    let unknown = named(&["stoory", "klingon"]).unwrap_err();
    assert!(unknown.starts_with("--dialects: there is no dialect \"klingon\""));
    let twice = named(&["lola", "lola"]).unwrap_err();
    assert_eq!(twice, "--dialects: lola is named twice; name it once.");
}
