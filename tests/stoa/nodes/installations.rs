//! What the servers on one database have in common is made once and read by each.

use diesel::connection::SimpleConnection;
use stoa::store::installation;
use stoa::wire::frame::{self, NoFrame};
use stoa::wire::seal::{Opener, Sealer};
use uuid::Uuid;

use crate::test_app::TestApp;

#[actix_rt::test]
async fn the_servers_of_a_database_read_each_others_frames_and_no_others() {
    let app = TestApp::start().await;
    let one = installation::read(&mut app.connection()).unwrap();
    let other = installation::read(&mut app.connection()).unwrap();
    assert_eq!(one.id, other.id);
    let mut sealer = Sealer::new(&one.wire_key, Uuid::now_v7()).unwrap();
    let frame = sealer.seal(b"").unwrap().bytes;
    assert!(frame::read(&mut Opener::new(other.wire_key), &frame).is_ok());

    let elsewhere = TestApp::start().await;
    let foreign = installation::read(&mut elsewhere.connection()).unwrap();
    assert_ne!(one.id, foreign.id);
    let refused = frame::read(&mut Opener::new(foreign.wire_key), &frame);
    assert_eq!(refused.unwrap_err(), NoFrame::Forged);
}

#[actix_rt::test]
async fn a_missing_row_is_made_anew() {
    let app = TestApp::start().await;
    let mut connection = app.connection();
    let before = installation::read(&mut connection).unwrap();
    connection
        .batch_execute("delete from installation")
        .unwrap();
    let made = installation::read(&mut connection).unwrap();
    assert_ne!(made.id, before.id);
    assert_eq!(installation::read(&mut connection).unwrap().id, made.id);
}
