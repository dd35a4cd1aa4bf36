//! The people of the demo, with a token for each. The endpoint exists only in demo mode.

use actix_web::{HttpResponse, get, web};
use clock::Clock;
use serde_json::json;

use super::{AppState, Failure};
use crate::domain::refusal::Refusal;
use crate::identity::auth::Claims;

/// The lifetime of a demo token, in seconds.
const DEMO_TOKEN_SECONDS: u64 = 24 * 3_600;

/// A person whom a visitor can act as.
pub struct Character {
    /// Their id on the platform.
    pub id: &'static str,
    /// Their name.
    pub name: &'static str,
    /// A sentence about them.
    pub about: &'static str,
    /// The roles in their token.
    pub roles: &'static [&'static str],
}

/// Everybody in the demo.
pub const CAST: [Character; 6] = [
    Character {
        id: "mira",
        name: "Mira Okafor",
        about: "Runs the bakery Kornblume, looks for craftspeople",
        roles: &[],
    },
    Character {
        id: "jonas",
        name: "Jonas Weber",
        about: "Joiner: counters, shelves, restoration; films his workshop",
        roles: &[],
    },
    Character {
        id: "priya",
        name: "Priya Raman",
        about: "Food photographer and creator",
        roles: &[],
    },
    Character {
        id: "tomas",
        name: "Tomás Rivera",
        about: "Courier with a cargo bike",
        roles: &[],
    },
    Character {
        id: "lena",
        name: "Lena Hoffmann",
        about: "Interior designer",
        roles: &[],
    },
    Character {
        id: "sam",
        name: "Sam from Support",
        about: "Helps on the marketplace",
        roles: &["support"],
    },
];

/// The claims of a character's token.
pub fn claims(character: &Character, clock: &Clock) -> Claims {
    let now = clock.since_1970().as_secs();
    Claims {
        sub: character.id.to_owned(),
        name: Some(character.name.to_owned()),
        email: Some(format!("{}@example.com", character.id)),
        roles: character
            .roles
            .iter()
            .map(|role| (*role).to_owned())
            .collect(),
        iat: Some(now),
        exp: now + DEMO_TOKEN_SECONDS,
        ..Claims::default()
    }
}

/// Demo mode only: the people one can play, with their tokens
#[utoipa::path(responses((status = 200, description = "`items`: `user_id`, `name`, `about`, `avatar_url`, `token`", body = Object), (status = 404, description = "ROUTE_NOT_FOUND: not in demo mode")), tag = "demo")]
#[get("/demo/people")]
pub async fn people(server: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    let item = |character: &Character| {
        let token = server.mint(&claims(character, &server.deps.room.clock))?;
        Some(
            json!({ "user_id": character.id, "name": character.name, "about": character.about, "avatar_url": null, "token": token }),
        )
    };
    let items: Option<Vec<_>> = CAST.iter().map(item).collect();
    let items = items.ok_or(Refusal::RouteNotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(json!({ "items": items, "next_cursor": null })))
}
