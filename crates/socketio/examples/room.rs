//! A chat room: what one client emits as `say`, all get as `said`. `cargo run -p socketio --example room`, then
//! `io("http://127.0.0.1:3000")`.

use actix_web::{App, HttpRequest, HttpServer};
use futures_util::future::{FutureExt, LocalBoxFuture, ready};
use parking_lot::Mutex;
use socketio::engineio::{self, Engine, Rejection};
use socketio::packet::encode_event;
use socketio::{
    Accepted, Application, ClientEvent, Connect, Disconnected, NamespaceHandler, Refused, Socket,
};
use std::sync::Arc;

/// The connected clients.
type Room = Arc<Mutex<Vec<Socket>>>;

struct Chat(Room);

impl Application for Chat {
    type Handshake = ();
    type Extension = ();

    fn greet(&self, _: &HttpRequest) -> Result<(), Rejection> {
        Ok(())
    }

    fn connect(&self, connect: Connect<()>) -> LocalBoxFuture<'static, Result<Accepted, Refused>> {
        let (room, socket) = (Arc::clone(&self.0), connect.socket);
        room.lock().push(socket.clone());
        let handler = Box::new(Person { room, socket });
        ready(Ok(Accepted { handler, pid: None })).boxed_local()
    }
}

struct Person {
    room: Room,
    socket: Socket,
}

impl NamespaceHandler for Person {
    fn event(&mut self, event: ClientEvent<'_>) {
        if event.name == "say" {
            let words = event.arguments.iter().map(|argument| argument.get());
            // Encoded once; all queues share the bytes.
            let packet = encode_event(self.socket.namespace(), None, "said", words, 0);
            for socket in self.room.lock().iter() {
                socket.push(packet.clone());
            }
        }
    }

    fn disconnected(&mut self, _: Disconnected) {
        let left = self.socket.id();
        self.room.lock().retain(|socket| socket.id() != left);
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let server = socketio::Server::new(
        Arc::new(Chat(Room::default())),
        socketio::Options::default(),
    );
    let engine = Engine::start(engineio::Options::default(), server);
    HttpServer::new(move || {
        App::new().configure(engineio::routes("/socket.io", Arc::clone(&engine)))
    })
    .h1_allow_half_closed(false)
    .bind("127.0.0.1:3000")?
    .run()
    .await
}
