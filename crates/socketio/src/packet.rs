//! Packets of Socket.IO 5: `<type>[attachments-][/namespace,][acknowledgement id][JSON]` (specification,
//! "Packet encoding").
//!
//! Decoding borrows and builds no tree. Encoding writes whole Engine.IO packets, including their `4`, so that
//! many connections can share the bytes.

use bytestring::ByteString;
use serde::de::{Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

/// The most attachments of a packet (`socket.io-parser`, `maxAttachments`).
pub const MOST_ATTACHMENTS: usize = 10;
/// The most elements of a packet's array, so that a short text cannot become a long list.
pub const MOST_ELEMENTS: usize = 256;
/// A buffer size that fits most events.
const USUAL_BYTES: usize = 640;
/// Event names that clients reserve (`socket.io-parser`, `RESERVED_EVENTS`).
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// A packet from a client.
#[derive(Debug)]
pub struct Packet<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its content.
    pub body: Body<'a>,
    /// The number of binary frames that follow.
    pub attachments: usize,
}

/// The content of a packet.
#[derive(Debug)]
pub enum Body<'a> {
    /// Type 0, with a JSON object.
    Connect(Option<&'a RawValue>),
    /// Type 1.
    Disconnect,
    /// Types 2 and 5.
    Event {
        /// The id to acknowledge, if the client asks for that.
        id: Option<u64>,
        /// Its name; the text of a number if it is one.
        name: Cow<'a, str>,
        /// The other arguments.
        arguments: Vec<&'a RawValue>,
    },
    /// Types 3 and 6.
    Ack {
        /// The id of the acknowledged event.
        id: u64,
        /// Its arguments.
        arguments: Vec<&'a RawValue>,
    },
}

/// Decodes the text of a message; `None` if it is not a packet that a client may send.
///
/// ```
/// use socketio::packet::{Body, decode};
///
/// // An event with an acknowledgement id, in a namespace (Socket.IO protocol 5, "Packet encoding").
/// let packet = decode(r#"2/admin,456["project:delete",123]"#).unwrap();
/// assert_eq!(packet.namespace, "/admin");
/// let Body::Event { id, name, arguments } = packet.body else { panic!("an event") };
/// assert_eq!((id, name.as_ref(), arguments[0].get()), (Some(456), "project:delete", "123"));
/// // Type 5 says how many binary frames follow.
/// assert_eq!(decode(r#"51-["hello",{"_placeholder":true,"num":0}]"#).unwrap().attachments, 1);
/// assert!(decode(r#"2["connect"]"#).is_none(), "a reserved name");
/// ```
pub fn decode(text: &str) -> Option<Packet<'_>> {
    let mut characters = text.chars();
    let (kind, rest) = (characters.next()?, characters.as_str());
    let (attachments, rest) = match kind {
        '5' | '6' => attachments(rest)?,
        _ => (0, rest),
    };
    let (namespace, rest) = namespace(rest);
    let body = match kind {
        '0' => Body::Connect(connect(rest)?),
        '1' => rest.is_empty().then_some(Body::Disconnect)?,
        '2' | '5' => event(rest)?,
        '3' | '6' => {
            let (id, payload) = digits(rest);
            let id = id.parse().ok()?;
            let arguments = elements(payload)?;
            Body::Ack { id, arguments }
        }
        _ => return None,
    };
    Some(Packet {
        namespace,
        body,
        attachments,
    })
}

fn attachments(text: &str) -> Option<(usize, &str)> {
    let (count, rest) = text.split_once('-')?;
    let (count, nothing) = digits(count);
    let count = count.parse().ok()?;
    (nothing.is_empty() && count <= MOST_ATTACHMENTS).then_some((count, rest))
}

fn namespace(text: &str) -> (&str, &str) {
    match text.starts_with('/') {
        true => text.split_once(',').unwrap_or((text, "")),
        false => ("/", text),
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// The elements of an array; `None` if it is not one or too long.
fn elements(payload: &str) -> Option<Vec<&RawValue>> {
    let mut reader = serde_json::Deserializer::from_str(payload);
    let elements = serde::Deserializer::deserialize_seq(&mut reader, Elements).ok()?;
    reader.end().ok().map(|()| elements)
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an array of at most {MOST_ELEMENTS}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            if elements.len() == MOST_ELEMENTS {
                return Err(A::Error::invalid_length(MOST_ELEMENTS + 1, &self));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

/// `None` if the payload is neither empty nor an object.
fn connect(payload: &str) -> Option<Option<&RawValue>> {
    if payload.is_empty() {
        return Some(None);
    }
    let auth: &RawValue = serde_json::from_str(payload).ok()?;
    auth.get().starts_with('{').then_some(Some(auth))
}

fn event(rest: &str) -> Option<Body<'_>> {
    let (id, payload) = digits(rest);
    let id = match id {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    let mut arguments = elements(payload)?;
    let first = arguments.first()?.get();
    let name = match first.as_bytes().first()? {
        b'"' if first.contains('\\') => Cow::Owned(serde_json::from_str(first).ok()?),
        b'"' => Cow::Borrowed(first.trim_matches('"')),
        b'-' | b'0'..=b'9' => Cow::Borrowed(first),
        _ => return None,
    };
    if RESERVED.contains(&name.as_ref()) {
        return None;
    }
    arguments.remove(0);
    Some(Body::Event {
        id,
        name,
        arguments,
    })
}

/// Encodes an event. `arguments` are JSON texts; `attachments` is the number of binary parts that follow.
///
/// ```
/// use socketio::packet::encode_event;
///
/// // The 4 is Engine.IO's: a message.
/// assert_eq!(encode_event("/", None, "hello", ["1"], 0), r#"42["hello",1]"#);
/// assert_eq!(encode_event("/admin", Some(12), "hi", [], 0), r#"42/admin,12["hi"]"#);
/// ```
pub fn encode_event<'a>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    arguments: impl IntoIterator<Item = &'a str>,
    attachments: usize,
) -> ByteString {
    let mut packet = array_head(['2', '5'], namespace, id, attachments);
    packet.push_str(&serde_json::Value::from(name).to_string());
    for argument in arguments {
        packet.push(',');
        packet.push_str(argument);
    }
    packet.push(']');
    packet.into()
}

/// Encodes an event with one argument. Logs an argument that cannot be serialised.
pub fn encode_one(namespace: &str, name: &str, argument: &impl serde::Serialize) -> ByteString {
    let mut packet = array_head(['2', '5'], namespace, None, 0);
    let _ = write!(packet, "\"{name}\",");
    let mut bytes = packet.into_bytes();
    bytes.reserve(USUAL_BYTES);
    if let Err(error) = serde_json::to_writer(&mut bytes, argument) {
        log::error!(event = "encoding_failed", name = name; "{error}");
        return ByteString::new();
    }
    bytes.push(b']');
    ByteString::try_from(bytes).unwrap_or_default()
}

/// Encodes an acknowledgement. `arguments` are JSON texts.
pub fn encode_ack<'a>(
    namespace: &str,
    id: u64,
    arguments: impl IntoIterator<Item = &'a str>,
    attachments: usize,
) -> ByteString {
    let mut packet = array_head(['3', '6'], namespace, Some(id), attachments);
    for (place, argument) in arguments.into_iter().enumerate() {
        if place > 0 {
            packet.push(',');
        }
        packet.push_str(argument);
    }
    packet.push(']');
    packet.into()
}

/// Everything before an array's first element.
fn array_head(
    [plain, binary]: [char; 2],
    namespace: &str,
    id: Option<u64>,
    attachments: usize,
) -> String {
    let mut packet = match attachments {
        0 => head(plain, None, namespace),
        count => head(binary, Some(count), namespace),
    };
    if let Some(id) = id {
        let _ = write!(packet, "{id}");
    }
    packet.push('[');
    packet
}

fn head(kind: char, attachments: Option<usize>, namespace: &str) -> String {
    let mut packet = String::with_capacity(128);
    packet.extend(['4', kind]);
    if let Some(count) = attachments {
        let _ = write!(packet, "{count}-");
    }
    if namespace != "/" {
        packet.push_str(namespace);
        packet.push(',');
    }
    packet
}

/// Encodes the acceptance of a CONNECT. The `pid` tells the client whether it was recovered.
pub fn encode_connected(namespace: &str, sid: &str, pid: Option<&str>) -> ByteString {
    #[derive(serde::Serialize)]
    struct Connected<'a> {
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
    }
    let mut packet = head('0', None, namespace);
    packet.push_str(&serde_json::to_string(&Connected { sid, pid }).unwrap_or_default());
    packet.into()
}

/// Encodes the refusal of a CONNECT. `data` is JSON.
pub fn encode_refused(namespace: &str, message: &str, data: Option<&RawValue>) -> ByteString {
    #[derive(serde::Serialize)]
    struct Refused<'a> {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a RawValue>,
    }
    let mut packet = head('4', None, namespace);
    packet.push_str(&serde_json::to_string(&Refused { message, data }).unwrap_or_default());
    packet.into()
}

/// Encodes the server's DISCONNECT from a namespace.
pub fn encode_disconnect(namespace: &str) -> ByteString {
    head('1', None, namespace).into()
}
