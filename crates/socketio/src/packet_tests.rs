//! Tests of packets, and that no input makes the parser panic.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Recovery;
use super::packet::{
    Body, MOST_ATTACHMENTS, MOST_ELEMENTS, Packet, decode, encode_ack, encode_connected,
    encode_disconnect, encode_event, encode_refused,
};

/// A packet in a form that can be compared.
fn told(packet: &Packet<'_>) -> String {
    let texts = |arguments: &[&RawValue]| {
        let texts: Vec<_> = arguments.iter().map(|argument| argument.get()).collect();
        texts.join(" ")
    };
    let body = match &packet.body {
        Body::Connect(auth) => format!("connect {}", auth.map_or("", RawValue::get)),
        Body::Disconnect => "disconnect".to_owned(),
        Body::Event {
            id,
            name,
            arguments,
        } => format!("event {id:?} {name} {}", texts(arguments)),
        Body::Ack { id, arguments } => format!("ack {id} {}", texts(arguments)),
    };
    format!("{} {body} {}", packet.namespace, packet.attachments)
}

#[test]
fn the_examples_of_the_protocol_are_read() {
    let examples = [
        ("0", "/ connect  0"),
        (r#"0{"token":"1"}"#, r#"/ connect {"token":"1"} 0"#),
        ("0/admin,", "/admin connect  0"),
        ("0/admin", "/admin connect  0"),
        ("1/admin,", "/admin disconnect 0"),
        (r#"2["foo"]"#, "/ event None foo  0"),
        (r#"2/admin,13["bar",1]"#, "/admin event Some(13) bar 1 0"),
        (
            r#"2[ "a" , { "b" : [ 1 ] } ]"#,
            r#"/ event None a { "b" : [ 1 ] } 0"#,
        ),
        (r#"2["a\"é\n"]"#, "/ event None a\"é\n  0"),
        ("2[7,8]", "/ event None 7 8 0"),
        ("3/admin,13[]", "/admin ack 13  0"),
        (
            r#"51-14["foo",{"_placeholder":true,"num":0}]"#,
            r#"/ event Some(14) foo {"_placeholder":true,"num":0} 1"#,
        ),
        (r#"50-["foo"]"#, "/ event None foo  0"),
        (r#"610-/a,15["bar"]"#, r#"/a ack 15 "bar" 10"#),
    ];
    for (text, wanted) in examples {
        let packet = decode(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(told(&packet), wanted, "{text}");
    }
}

#[test]
fn an_array_has_its_bounds() {
    let array = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert!(decode(&format!("2{}", array(MOST_ELEMENTS))).is_some());
    assert!(decode(&format!("2{}", array(MOST_ELEMENTS + 1))).is_none());
    assert!(decode(&format!("37{}", array(MOST_ELEMENTS + 1))).is_none());
}

#[test]
fn what_no_client_may_send_is_no_packet() {
    let wrong = [
        "",
        "abc",
        "7",
        "9[]",
        r#"4{"message":"x"}"#,
        "0[]",
        "0x",
        r#"0"x""#,
        "0{",
        "1[]",
        "1x",
        "2",
        "2{}",
        "2[]",
        "2[null]",
        "2[{}]",
        "2[[]]",
        r#"2["a""#,
        r#"2["a"]x"#,
        r#"2abc["a"]"#,
        r#"2-1["a"]"#,
        r#"299999999999999999999["a"]"#,
        r#"2["connect"]"#,
        r#"2["\u0063onnect"]"#,
        r#"2["disconnecting"]"#,
        "3[]",
        "3",
        "31",
        "31{}",
        r#"3x["a"]"#,
        r#"5["a"]"#,
        r#"5-["a"]"#,
        r#"511-["a"]"#,
        r#"51["a"]"#,
        r#"5x-["a"]"#,
        r#"5+1-["a"]"#,
        "51-",
        "6-1[]",
        "61-[]",
    ];
    for text in wrong {
        assert!(decode(text).is_none(), "{text}");
    }
}

#[test]
fn packets_are_written_as_the_protocol_has_them() {
    assert_eq!(encode_event("/", None, "foo", [], 0), r#"42["foo"]"#);
    assert_eq!(
        encode_event("/admin", Some(13), "b\"", ["1", "{}"], 0),
        r#"42/admin,13["b\"",1,{}]"#
    );
    assert_eq!(encode_event("/", None, "a", [], 2), r#"452-["a"]"#);
    assert_eq!(encode_ack("/", 12, [], 0), "4312[]");
    assert_eq!(encode_ack("/a", 12, ["1", "2"], 1), "461-/a,12[1,2]");
    assert_eq!(encode_disconnect("/"), "41");
    assert_eq!(encode_disconnect("/admin"), "41/admin,");
    assert_eq!(encode_connected("/", "x", None), r#"40{"sid":"x"}"#);
    assert_eq!(
        encode_connected("/a", "x", Some("p")),
        r#"40/a,{"sid":"x","pid":"p"}"#
    );
    let data = RawValue::from_string(r#"{"code":1}"#.to_owned()).unwrap();
    assert_eq!(
        encode_refused("/", "no \"way\"", Some(&data)),
        r#"44{"message":"no \"way\"","data":{"code":1}}"#
    );
}

#[test]
fn who_comes_back_says_where_it_was() {
    let read = |text: &str| serde_json::from_str::<Recovery>(text).ok();
    let whole = read(r#"{"token":"x","pid":"p","offset":"3:4"}"#).unwrap();
    assert_eq!(
        (whole.pid.as_str(), whole.offset.as_deref()),
        ("p", Some("3:4"))
    );
    assert_eq!(read(r#"{"pid":"p"}"#).unwrap().offset, None);
    assert_eq!(read(r#"{"token":"x"}"#), None);
    assert_eq!(read(r#"{"pid":1}"#), None);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_written_is_read(
        namespace in "(/[a-z0-9_/-]{0,8})",
        id in prop::option::of(any::<u64>()),
        name in "\\PC{1,12}".prop_filter("no name of the clients' own", |name| name != "connect"),
        arguments in prop::collection::vec(json(), 0..4),
        attachments in 0..=MOST_ATTACHMENTS,
    ) {
        let texts: Vec<String> = arguments.iter().map(Value::to_string).collect();
        let arguments = || texts.iter().map(String::as_str);
        let event = encode_event(&namespace, id, &name, arguments(), attachments);
        let packet = decode(event.strip_prefix('4').unwrap()).unwrap();
        let wanted = format!("{namespace} event {id:?} {name} {} {attachments}", texts.join(" "));
        prop_assert_eq!(told(&packet), wanted);
        let ack = encode_ack(&namespace, 7, arguments(), attachments);
        let packet = decode(ack.strip_prefix('4').unwrap()).unwrap();
        prop_assert_eq!(told(&packet), format!("{namespace} ack 7 {} {attachments}", texts.join(" ")));
    }

    #[test]
    fn no_text_makes_it_panic_or_swell(text in "\\PC{0,200}") {
        check(&text)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Texts that are nearly packets, composed of pieces of the grammar.
    #[test]
    fn no_near_packet_makes_it_panic_or_swell(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24)) {
        check(&pieces.concat())?;
    }
}

const PIECES: [&str; 29] = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "6",
    "-",
    "/",
    ",",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ":",
    "\"a\"",
    "10-",
    "/n,",
    "[\"a\",",
    "é",
    "\u{1e}",
    " ",
    "null",
    "1e999",
    "{\"_placeholder\":true,\"num\":",
    "18446744073709551616",
];

/// What is decoded is a part of the input, and is only copied for a name with escapes.
fn check(text: &str) -> Result<(), TestCaseError> {
    let Some(packet) = decode(text) else {
        return Ok(());
    };
    prop_assert!(packet.attachments <= MOST_ATTACHMENTS);
    let (name, arguments) = match &packet.body {
        Body::Connect(auth) => (0, auth.iter().map(|auth| auth.get().len()).sum()),
        Body::Disconnect => (0, 0),
        Body::Event {
            name, arguments, ..
        } => (name.len(), lengths(arguments)),
        Body::Ack { arguments, .. } => (0, lengths(arguments)),
    };
    prop_assert!(packet.namespace == "/" || text.contains(packet.namespace));
    prop_assert!(name + arguments <= text.len());
    Ok(())
}

fn lengths(arguments: &[&RawValue]) -> usize {
    arguments.iter().map(|argument| argument.get().len()).sum()
}
