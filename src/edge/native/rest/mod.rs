//! The REST resources of Stoa's own API, under `/api/v1`.

pub mod annotations;
pub mod audit;
pub mod blocks;
pub mod businesses;
pub mod conversations;
pub mod creating;
pub mod events;
pub mod files;
pub mod flows;
pub(in crate::edge) mod found;
pub mod me;
pub mod message_pages;
pub mod messages;
pub mod mine;
pub mod notifications;
pub(in crate::edge) mod opened;
pub mod participants;
pub mod receipts;
pub mod resumable;
pub mod search;
pub mod sign_out;
pub mod staff;
pub(in crate::edge) mod subject;
pub mod subjects;
pub mod webhook_events;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::edge::http::demo;
use crate::edge::webhooks::gateways;

/// Everything under `/api/v1`, where gateways post and the demo lists its people too.
pub fn api(routes: &mut ServiceConfig) {
    routes
        .service(me::show)
        .service(me::put_user)
        .service(me::show_user)
        .service(sign_out::sign_out)
        .service(blocks::privacy)
        .service(blocks::set_privacy)
        .service(blocks::list)
        .service(blocks::block)
        .service(blocks::unblock)
        .service(businesses::put)
        .service(businesses::show)
        .service(businesses::mine)
        .service(businesses::conversations)
        .service(staff::list)
        .service(staff::put)
        .service(staff::remove)
        .service(subjects::put)
        .service(subjects::show)
        .service(creating::create)
        .service(conversations::list)
        .service(conversations::show)
        .service(conversations::change)
        .service(conversations::delete)
        .service(mine::change)
        .service(conversations::unread)
        .service(search::search)
        .service(files::upload)
        .service(files::links)
        .service(files::show)
        .service(files::delete)
        .service(resumable::append)
        .service(resumable::complete)
        .service(flows::list)
        .service(flows::describe)
        .service(flows::picture)
        .service(flows::show)
        .service(flows::act)
        .service(flows::history)
        .service(participants::list)
        .service(participants::seen)
        .service(participants::delivered)
        .service(participants::add)
        .service(participants::change)
        .service(participants::remove)
        .service(gateways::razorpay)
        .service(demo::people);
    of_messages(routes);
    platform(routes);
    notices(routes);
}

/// Notifications, and what people say about them.
fn notices(routes: &mut ServiceConfig) {
    routes
        .service(notifications::create)
        .service(notifications::list)
        .service(notifications::unread)
        .service(notifications::mark_read)
        .service(notifications::mark_seen)
        .service(notifications::withdraw)
        .service(notifications::show)
        .service(notifications::update)
        .service(notifications::archive)
        .service(notifications::preferences::list_types)
        .service(notifications::preferences::show)
        .service(notifications::preferences::replace)
        .service(notifications::preferences::settings)
        .service(notifications::preferences::set_settings);
}

fn of_messages(routes: &mut ServiceConfig) {
    routes
        .service(message_pages::list)
        .service(messages::send)
        .service(messages::edit)
        .service(messages::delete)
        .service(messages::remove_attachment)
        .service(messages::history)
        .service(receipts::receipts)
        .service(annotations::react)
        .service(annotations::unreact)
        .service(annotations::pin)
        .service(annotations::unpin)
        .service(annotations::pinned_messages);
}

/// What the platform tells and is told, and what those who run it look at.
fn platform(routes: &mut ServiceConfig) {
    routes
        .service(events::tell)
        .service(events::list)
        .service(events::show)
        .service(audit::list)
        .service(webhook_events::list)
        .service(webhook_events::attempts)
        .service(webhook_events::redeliver);
}
