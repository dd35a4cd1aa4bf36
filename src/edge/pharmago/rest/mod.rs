//! The REST calls: rooms, participants and messages, each under two prefixes and in two spellings, with the slash at the end.

mod changing_rooms;
mod creating;
mod participants;
mod reading;
mod rooms;
mod said;
mod slash;
mod speaking;
mod standing;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

/// The endpoints under `chat-rooms`.
pub fn rooms(routes: &mut ServiceConfig) {
    routes
        .service(rooms::mine)
        .service(rooms::mine_by_dashes)
        .service(rooms::active)
        .service(creating::create_with)
        .service(creating::create_with_by_dashes)
        .service(rooms::list)
        .service(creating::create)
        .service(rooms::show)
        .service(changing_rooms::put)
        .service(changing_rooms::patch)
        .service(changing_rooms::delete)
        .service(changing_rooms::close)
        .service(changing_rooms::close_shortly)
        .service(changing_rooms::archive)
        .service(changing_rooms::archive_shortly)
        .service(rooms::participants)
        .service(rooms::messages)
        .default_service(web::to(slash::add));
}

/// The endpoints under `chat-participants`.
pub fn participants(routes: &mut ServiceConfig) {
    routes
        .service(participants::add)
        .service(participants::show)
        .service(participants::put)
        .service(participants::patch)
        .service(participants::remove)
        .service(participants::leave)
        .service(participants::leave_by_dashes)
        .service(standing::mute)
        .service(standing::unmute)
        .service(standing::block)
        .service(standing::unblock)
        .default_service(web::to(slash::add));
}

/// The endpoints under `chat-messages`.
pub fn messages(routes: &mut ServiceConfig) {
    routes
        .service(reading::mark_all_read)
        .service(reading::mark_all_read_by_dashes)
        .service(speaking::send)
        .service(said::show)
        .service(said::put)
        .service(said::patch)
        .service(said::remove)
        .service(said::edit_by_post)
        .service(said::delete)
        .service(speaking::reply)
        .service(reading::mark_as_read)
        .service(reading::mark_read)
        .default_service(web::to(slash::add));
}
