//! A Socket.IO application under the control of a test: it decides, and sees every call of a handler.

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::Value;
use serde_json::value::RawValue;
use socketio::engineio::{Engine, Options, Rejection};
use socketio::queue::Extension;
use socketio::{
    Accepted, Ack, Application, ClientEvent, Connect, Disconnected, NamespaceHandler, Recovery,
    Refused, Server, Socket,
};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

use super::engineio_client::PATIENCE;
use super::{TestServer, patient_socketio};

/// The application's addition to queues.
#[derive(Debug)]
pub struct Own;

/// A frame that only the application understands.
#[derive(Clone, Debug)]
pub struct Again(pub u64);

impl Extension for Own {
    type Frame = Again;
    type State = ();

    fn bytes(_: &Again) -> usize {
        0
    }
}

/// A call that the application got.
pub enum Note {
    Asked(Asked),
    Event(Said),
    Acknowledged(u64, Vec<Value>, Vec<Bytes>),
    Left(Disconnected),
}

/// A CONNECT that waits for the test's decision.
pub struct Asked {
    pub namespace: String,
    pub auth: Option<Value>,
    pub recovery: Option<Recovery>,
    pub handshake: String,
    pub socket: Socket<Own>,
    decision: oneshot::Sender<Result<Option<String>, Refused>>,
}

impl Asked {
    pub fn accept(self, pid: Option<&str>) -> Socket<Own> {
        let decided = self.decision.send(Ok(pid.map(str::to_owned)));
        assert!(decided.is_ok(), "nobody waits for the decision");
        self.socket
    }

    pub fn refuse(self, message: &str, extra: &str) {
        let refused = Refused {
            message: message.to_owned(),
            data: RawValue::from_string(extra.to_owned()).ok(),
            closes: None,
        };
        assert!(self.decision.send(Err(refused)).is_ok());
    }
}

/// An event.
pub struct Said {
    pub name: String,
    pub arguments: Vec<Value>,
    pub attachments: Vec<Bytes>,
    /// The attachment that the first argument refers to.
    pub first: Option<Bytes>,
    pub ack: Option<Ack<Own>>,
}

struct RecordingApplication(mpsc::UnboundedSender<Note>);

struct RecordingHandler(mpsc::UnboundedSender<Note>);

impl Application for RecordingApplication {
    type Handshake = String;
    type Extension = Own;

    fn greet(&self, request: &actix_web::HttpRequest) -> Result<String, Rejection> {
        match request.headers().get("x-who").map(|who| who.to_str()) {
            Some(Ok("forbidden")) => Err(Rejection::Forbidden),
            Some(Ok("unavailable")) => Err(Rejection::Unavailable),
            Some(Ok(who)) => Ok(who.to_owned()),
            _ => Ok(request.query_string().to_owned()),
        }
    }

    fn admits(&self, handshake: &String, request: &actix_web::HttpRequest) -> bool {
        let who = request.headers().get("x-who");
        handshake != "guarded" || who.is_some_and(|who| who == "guarded")
    }

    fn connect(
        &self,
        connect: Connect<String, Own>,
    ) -> LocalBoxFuture<'static, Result<Accepted<Own>, Refused>> {
        let notes = self.0.clone();
        let (decision, decided) = oneshot::channel();
        let _ = notes.send(Note::Asked(Asked {
            namespace: connect.namespace.to_string(),
            auth: connect.auth.as_ref().map(|auth| parse(auth)),
            recovery: connect.recovery(),
            handshake: connect.handshake.to_string(),
            socket: connect.socket,
            decision,
        }));
        async move {
            let pid = decided.await.expect("a decision")?;
            let handler = Box::new(RecordingHandler(notes));
            Ok(Accepted { handler, pid })
        }
        .boxed_local()
    }
}

fn parse(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).expect("JSON")
}

impl NamespaceHandler<Own> for RecordingHandler {
    fn event(&mut self, event: ClientEvent<'_, Own>) {
        let first = event.arguments.first();
        let _ = self.0.send(Note::Event(Said {
            name: event.name.to_owned(),
            arguments: event.arguments.iter().map(|raw| parse(raw)).collect(),
            attachments: event.attachments.to_vec(),
            first: first.and_then(|place| event.attachment(place)).cloned(),
            ack: event.ack,
        }));
    }

    fn acknowledged(&mut self, id: u64, arguments: &[&RawValue], attachments: &[Bytes]) {
        let arguments = arguments.iter().map(|raw| parse(raw)).collect();
        let note = Note::Acknowledged(id, arguments, attachments.to_vec());
        let _ = self.0.send(note);
    }

    fn leaving(&mut self, Again(after): Again) -> Option<ByteString> {
        Some(format!(r#"42["again",{after}]"#).into())
    }

    fn disconnected(&mut self, departure: Disconnected) {
        let _ = self.0.send(Note::Left(departure));
    }
}

/// The test's access to the application.
pub struct Notes {
    receiver: mpsc::UnboundedReceiver<Note>,
    pub engine: Arc<Engine<Own>>,
}

impl Notes {
    pub async fn next(&mut self) -> Note {
        tokio::time::timeout(PATIENCE, self.receiver.recv())
            .await
            .expect("a note in time")
            .expect("a desk")
    }

    pub async fn asked(&mut self) -> Asked {
        match self.next().await {
            Note::Asked(asked) => asked,
            _ => panic!("another note than a CONNECT"),
        }
    }

    pub async fn event(&mut self) -> Said {
        match self.next().await {
            Note::Event(said) => said,
            _ => panic!("another note than an event"),
        }
    }

    pub async fn left(&mut self) -> Disconnected {
        match self.next().await {
            Note::Left(departure) => departure,
            _ => panic!("another note than a departure"),
        }
    }
}

/// A server whose application the test controls.
pub fn recording(options: Options) -> (TestServer, Notes) {
    recording_with(options, patient_socketio())
}

/// The same with other limits of Socket.IO.
pub fn recording_with(options: Options, bounds: socketio::Options) -> (TestServer, Notes) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let server = Server::new(Arc::new(RecordingApplication(sender)), bounds);
    let (made, taken) = std::sync::mpsc::channel();
    let test_server = TestServer::of(move || {
        let engine = Engine::start(options, server);
        made.send(Arc::clone(&engine)).expect("a test that waits");
        engine
    });
    let engine = taken.recv().expect("an engine");
    (test_server, Notes { receiver, engine })
}
