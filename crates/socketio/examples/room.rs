//! A chat room: whoever says `say` is heard by all as `said`. `cargo run -p socketio --example room`, then `io("http://127.0.0.1:3000")`.

use actix_web::{App, HttpRequest, HttpServer};
use futures_util::future::{FutureExt, LocalBoxFuture, ready};
use parking_lot::Mutex;
use socketio::engineio::{self, Engine, Turned};
use socketio::packet::encode_event;
use socketio::{Accepted, Application, Connect, Departure, Event, Member, Refused, Socket};
use std::sync::Arc;

/// Everybody who is in.
type Room = Arc<Mutex<Vec<Socket>>>;

struct Chat(Room);

impl Application for Chat {
    type Visitor = ();
    type Extension = ();

    fn greet(&self, _: &HttpRequest) -> Result<(), Turned> {
        Ok(())
    }

    fn connect(&self, connect: Connect<()>) -> LocalBoxFuture<'static, Result<Accepted, Refused>> {
        let (room, socket) = (Arc::clone(&self.0), connect.socket);
        room.lock().push(socket.clone());
        let member = Box::new(Person { room, socket });
        ready(Ok(Accepted { member, pid: None })).boxed_local()
    }
}

struct Person {
    room: Room,
    socket: Socket,
}

impl Member for Person {
    fn event(&mut self, event: Event<'_>) {
        if event.name == "say" {
            let words = event.arguments.iter().map(|argument| argument.get());
            // Written once; every queue shares its bytes.
            let packet = encode_event(self.socket.namespace(), None, "said", words, 0);
            for socket in self.room.lock().iter() {
                socket.push(packet.clone());
            }
        }
    }

    fn disconnected(&mut self, _: Departure) {
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
