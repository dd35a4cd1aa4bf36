//! Every parser of what a stranger sends, to be fed with anything: it answers, and what it has read is what was written.

use serde_json::value::RawValue;
use socketio::engineio::packet::{self as engine, Message, SEPARATOR};
use socketio::engineio::query::Query;
use socketio::engineio::unpacking::{Fault, Unpacker};
use socketio::guard::FrameGuard;
use socketio::packet::{self as socket, Body, MOST_ATTACHMENTS, MOST_ELEMENTS};
use std::hint::black_box;
use stoa::domain::offset::Offset;
use stoa::domain::search;
use stoa::domain::tokens::{Document, Field, Language, Tokenizer};
use stoa::edge::dialect;
use stoa::edge::native::decode;
use stoa::media::{measure, previews, strip};
use stoa::wire::body;
use stoa::wire::frame::Unread;
use stoa::wire::section::{Section, WireEntries};

/// Bytes in which a body comes at once.
const PIECE: usize = 4_096;

/// A parser, and how many bytes it may have allocated at once for each byte that it is given.
pub struct Parser {
    pub name: &'static str,
    pub parse: fn(&[u8]),
    pub bytes_for_each: u64,
}

/// All of them. Those of packets keep to the size of what they read; those that make a request of it build its parts.
pub const PARSERS: [Parser; 11] = [
    Parser {
        name: "WebSocket frames",
        parse: frames,
        bytes_for_each: 0,
    },
    Parser {
        name: "queries",
        parse: queries,
        bytes_for_each: 0,
    },
    Parser {
        name: "Engine.IO payloads",
        parse: payloads,
        bytes_for_each: 4,
    },
    Parser {
        name: "Socket.IO packets",
        parse: packets,
        bytes_for_each: 2,
    },
    Parser {
        name: "offsets",
        parse: offsets,
        bytes_for_each: 8,
    },
    Parser {
        name: "native frames",
        parse: native,
        bytes_for_each: 32,
    },
    Parser {
        name: "events of both dialects",
        parse: events,
        bytes_for_each: 32,
    },
    // A character may be a lexeme, with a place and a form of its own.
    Parser {
        name: "search queries",
        parse: searches,
        bytes_for_each: 512,
    },
    // A section of five bytes is a value of a hundred.
    Parser {
        name: "bodies of frames between servers",
        parse: bodies,
        bytes_for_each: 64,
    },
    // An empty list takes two bytes as JSON, with its comma, and 32 as a value.
    Parser {
        name: "entries between servers",
        parse: entries,
        bytes_for_each: 64,
    },
    // A box of eight bytes is a name and a range to overwrite.
    Parser {
        name: "pictures, films and recordings",
        parse: media,
        bytes_for_each: 64,
    },
];

/// What files of these types begin with.
const BEGINNINGS: [(&str, &[u8]); 12] = [
    ("image/jpeg", b"\xFF\xD8\xFF"),
    ("image/png", b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR"),
    ("image/gif", b"GIF89a"),
    ("image/webp", b"RIFF\0\0\0\x01WEBPVP8X\x0A\0\0\0"),
    ("image/heic", b"\0\0\0\x08ftyp"),
    ("image/avif", b"\0\0\0\x08ftyp\0\0\0\0meta"),
    ("video/mp4", b"\0\0\0\x08ftyp"),
    ("video/quicktime", b"\0\0\0\x08ftyp\0\0\0\0moov"),
    ("video/webm", b"\x1A\x45\xDF\xA3\x80"),
    ("audio/ogg", b"OggS\0"),
    ("audio/mpeg", b"\xFF\xFB\x90\0"),
    ("audio/wav", b"RIFF\0\0\0\0WAVE"),
];

/// Gives the bytes to each parser.
pub fn feed(bytes: &[u8]) {
    for parser in &PARSERS {
        (parser.parse)(bytes);
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn frames(bytes: &[u8]) {
    let mut guard = FrameGuard::new(131_072);
    let _ = black_box(guard.inspect(bytes));
}

fn queries(bytes: &[u8]) {
    let _ = black_box(Query::read(text(bytes)));
}

fn payloads(bytes: &[u8]) {
    let _ = black_box(engine::decode(text(bytes)));
    let mut count = 0;
    let mut take = |packet: &str| {
        count += 1;
        if let Some(engine::Packet::Message(Message::Binary(bytes))) =
            engine::decode_in_payload(packet)
        {
            assert!(bytes.len() <= packet.len(), "base64 only shrinks");
        }
        Ok::<(), Fault>(())
    };
    let mut unpacker = Unpacker::new(bytes.len());
    let pushed = bytes
        .chunks(PIECE)
        .try_for_each(|piece| unpacker.push(piece, &mut take));
    if pushed.and_then(|()| unpacker.finish(&mut take)).is_ok() {
        let separators = bytes.iter().filter(|byte| **byte == SEPARATOR as u8);
        assert_eq!(count, separators.count() + 1);
    }
}

fn packets(bytes: &[u8]) {
    let Some(packet) = socket::decode(text(bytes)) else {
        return;
    };
    assert!(packet.attachments <= MOST_ATTACHMENTS);
    assert!(packet.namespace.starts_with('/'), "{packet:?}");
    match &packet.body {
        Body::Event { arguments, .. } | Body::Ack { arguments, .. } => {
            assert!(arguments.len() <= MOST_ELEMENTS);
        }
        Body::Connect(auth) => assert!(auth.is_none_or(|auth| auth.get().starts_with('{'))),
        Body::Disconnect => {}
    }
}

/// What was read of a packet, a body or an entry, written again, is read again as the same.
pub fn reads_what_it_writes(bytes: &[u8]) {
    event_reads_what_it_writes(bytes);
    body_reads_what_it_writes(bytes);
    entry_reads_what_it_writes(bytes);
}

fn event_reads_what_it_writes(bytes: &[u8]) {
    let Some(packet) = socket::decode(text(bytes)) else {
        return;
    };
    let raw = |arguments: &[&RawValue]| -> Vec<String> {
        let texts = arguments.iter().map(|argument| argument.get().to_owned());
        texts.collect()
    };
    let parts = |body: &Body<'_>| match body {
        Body::Event {
            id,
            name,
            arguments,
        } => Some((*id, name.to_string(), raw(arguments))),
        Body::Ack { .. } | Body::Connect(_) | Body::Disconnect => None,
    };
    let Some((id, name, arguments)) = parts(&packet.body) else {
        return;
    };
    let texts = arguments.iter().map(String::as_str);
    let written = socket::encode_event(packet.namespace, id, &name, texts, packet.attachments);
    let again = written.strip_prefix('4').and_then(socket::decode);
    let again = again.unwrap_or_else(|| panic!("{written} is not read"));
    assert_eq!(again.namespace, packet.namespace);
    assert_eq!(parts(&again.body), Some((id, name, arguments)), "{written}");
}

fn offsets(bytes: &[u8]) {
    if let Some(offset) = Offset::parse(text(bytes)) {
        black_box(offset);
    }
}

fn native(bytes: &[u8]) {
    let _ = black_box(decode::decode(text(bytes)));
}

fn searches(bytes: &[u8]) {
    let tokenizer = Tokenizer::new(&[Language::English, Language::German]);
    if let Ok(query) = search::parse(&tokenizer, text(bytes)) {
        let document = Document::read(&tokenizer, [(Field::Body, text(bytes))]);
        let _ = black_box(query.matches(&document));
    }
}

fn bodies(bytes: &[u8]) {
    for section in body::read(&bytes.to_vec().into()).sections {
        if let Section::Entries(committed) = section {
            let _ = black_box(committed.entries.read());
        }
    }
}

/// The bytes as the JSON of one entry.
pub fn entry(bytes: &[u8]) -> WireEntries {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    WireEntries::Encoded([&length.to_be_bytes(), bytes].concat().into())
}

fn entries(bytes: &[u8]) {
    let _ = black_box(entry(bytes).read());
}

fn media(bytes: &[u8]) {
    let _ = black_box(previews::read(bytes));
    for (media_type, beginning) in BEGINNINGS {
        let file = [beginning, bytes].concat();
        let source = file.as_slice();
        let _ = black_box(strip::plan(media_type, &source));
        let _ = black_box(measure::measure(media_type, &source));
    }
}

fn written(sections: &[Section]) -> Vec<u8> {
    let mut body = Vec::new();
    for section in sections {
        body::write(section, &mut body);
    }
    body
}

fn body_reads_what_it_writes(bytes: &[u8]) {
    let read = body::read(&bytes.to_vec().into());
    let once = written(&read.sections);
    let again = body::read(&once.clone().into());
    assert_eq!(again.unread, Unread::Nothing);
    assert_eq!(written(&again.sections), once);
}

fn entry_reads_what_it_writes(bytes: &[u8]) {
    let read = entry(bytes).read();
    let text = format!("{:?}", read.entries);
    let values = WireEntries::Values(read.entries.into());
    let again = values.encoded().read();
    assert_eq!(again.unread, Unread::Nothing);
    assert_eq!(format!("{:?}", again.entries), text);
}

fn events(bytes: &[u8]) {
    let Some(packet) = socket::decode(text(bytes)) else {
        return;
    };
    if let Body::Event {
        name, arguments, ..
    } = &packet.body
    {
        for socketio in dialect::ALL
            .iter()
            .filter_map(|spec| spec.socketio.as_ref())
        {
            let _ = black_box((socketio.read)(name, arguments, &[]));
        }
    }
}
