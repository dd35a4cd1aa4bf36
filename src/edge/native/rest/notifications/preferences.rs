//! The types of notifications, and what the caller says about them.

use actix_web::{HttpResponse, get, put};
use notices::{Channel, NoticeType, Preference, Preferences};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::domain::ids::UserNo;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::store::notices::preferences as rows;

/// The most words of one person.
const MOST: usize = 500;

/// A type of notifications.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationType)]
pub struct TypeView<'a> {
    /// Its name
    name: &'a str,
    /// The version of its file
    version: i32,
    /// The module of the platform that it belongs to
    module: Option<&'a str>,
    /// `transactional`, `promotional` or `mandatory`
    category: &'static str,
    /// How urgent it is, where a notification does not say it
    priority: &'static str,
    /// Its data: each field with whether it is required
    #[schema(value_type = Object)]
    data: serde_json::Map<String, serde_json::Value>,
    /// The languages of its words; none if each notification brings its own
    languages: Vec<&'a str>,
    /// The channels that it goes out by
    channels: Vec<&'static str>,
}

impl<'a> From<&'a NoticeType> for TypeView<'a> {
    fn from(of: &'a NoticeType) -> Self {
        let field = |(name, field): (&String, &language::declared::DataField)| {
            let (name, required) = (name.clone(), field.required);
            (
                name,
                json!({ "type": field.kind.name(), "required": required }),
            )
        };
        Self {
            name: &of.name,
            version: of.version,
            module: of.module.as_deref(),
            category: of.category.name(),
            priority: of.priority.name(),
            data: of.data.iter().map(field).collect(),
            languages: of.languages().collect(),
            channels: of.channels.iter().map(|channel| channel.name()).collect(),
        }
    }
}

/// The types of notifications that this server knows
#[utoipa::path(responses((status = 200, description = "`items`: types", body = Object)), security(("bearer" = [])), tag = "notifications")]
#[get("/notification-types")]
pub async fn list_types(call: Call) -> HttpResponse {
    let items: Vec<TypeView<'_>> = call.server.notices.all().map(TypeView::from).collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

/// What somebody says about a type and a channel.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationPreference)]
pub struct PreferenceBody {
    /// A type, `module.*` for the types of a module, or `*` for all
    #[serde(rename = "type")]
    kind: String,
    /// A channel, or `*` for all
    channel: String,
    /// Whether they want it
    allowed: bool,
}

/// All that somebody says.
#[derive(Deserialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub struct PreferencesBody {
    /// What is not in the list is not said
    preferences: Vec<PreferenceBody>,
}

/// What the caller gets, and why
#[utoipa::path(responses((status = 200, description = "`preferences`: what the caller has said; `types`: for each type and channel whether it is `allowed`, and the `reason`: `mandatory`, `preference`, `default` or `not_offered`", body = Object)), security(("bearer" = [])), tag = "notifications")]
#[get("/me/notification-preferences")]
pub async fn show(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let said = call
        .pool()
        .run(move |connection| rows::list(connection, user))
        .await?;
    Ok(HttpResponse::Ok().json(grid(&call.server, said)))
}

fn grid(server: &AppState, said: Vec<Preference>) -> serde_json::Value {
    let words = Preferences::of(said.iter().cloned());
    let cell = |of: &NoticeType, channel: Channel| {
        let decided = words.allow(of, channel);
        json!({ "channel": channel.name(), "allowed": decided.allowed, "reason": decided.reason.name() })
    };
    let row = |of: &NoticeType| {
        let channels: Vec<_> = Channel::ALL
            .into_iter()
            .map(|channel| cell(of, channel))
            .collect();
        json!({ "type": of.name, "category": of.category.name(), "channels": channels })
    };
    let types: Vec<_> = server.notices.all().map(row).collect();
    let said = said.into_iter().map(|one| PreferenceBody {
        kind: one.kind,
        channel: one.channel,
        allowed: one.allowed,
    });
    json!({ "preferences": said.collect::<Vec<_>>(), "types": types })
}

/// Say what the caller wants, in place of all that they said before
#[utoipa::path(request_body = PreferencesBody, responses((status = 200, description = "As GET", body = Object), (status = 400, description = "INVALID_REQUEST")), security(("bearer" = [])), tag = "notifications")]
#[put("/me/notification-preferences")]
pub async fn replace(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let body: PreferencesBody = call.body.read()?;
    let said = said(&call.server, body)?;
    let (user, stored) = (call.caller.no, said.clone());
    let write = move |connection: &mut _| rows::replace(connection, user, &stored);
    call.pool().run(write).await?;
    Ok(HttpResponse::Ok().json(grid(&call.server, said)))
}

fn said(server: &AppState, body: PreferencesBody) -> Result<Vec<Preference>, Refusal> {
    if body.preferences.len() > MOST {
        return Err(Refusal::invalid(
            "preferences",
            format!("must be at most {MOST}"),
        ));
    }
    let mut said = std::collections::BTreeMap::new();
    for one in body.preferences {
        let is_module = |name: &str| {
            server
                .notices
                .all()
                .any(|of| of.module.as_deref() == Some(name))
        };
        let is_known = one.kind == "*"
            || server.notices.get(&one.kind).is_some()
            || one.kind.strip_suffix(".*").is_some_and(is_module);
        if !is_known {
            return Err(Refusal::invalid(
                "preferences",
                format!("name the type {}, which there is not", one.kind),
            ));
        }
        if one.channel != "*" && Channel::named(&one.channel).is_none() {
            return Err(Refusal::invalid(
                "preferences",
                format!("name the channel {}, which there is not", one.channel),
            ));
        }
        said.insert((one.kind, one.channel), one.allowed);
    }
    let one = |((kind, channel), allowed)| Preference {
        kind,
        channel,
        allowed,
    };
    Ok(said.into_iter().map(one).collect())
}

/// How the caller is notified.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationSettings)]
pub struct Settings {
    /// The language of the words: `de`, `pt-BR`; null for the platform's
    locale: Option<String>,
}

/// How the caller is notified
#[utoipa::path(responses((status = 200, body = Settings)), security(("bearer" = [])), tag = "notifications")]
#[get("/me/notification-settings")]
pub async fn settings(call: Call) -> Result<HttpResponse, Failure> {
    let user: UserNo = call.caller.no;
    let locale = call
        .pool()
        .run(move |connection| rows::locale(connection, user))
        .await?;
    Ok(HttpResponse::Ok().json(Settings { locale }))
}

/// Set how the caller is notified
#[utoipa::path(request_body = Settings, responses((status = 200, body = Settings), (status = 400, description = "INVALID_REQUEST")), security(("bearer" = [])), tag = "notifications")]
#[put("/me/notification-settings")]
pub async fn set_settings(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let Settings { locale } = call.body.read()?;
    if let Some(locale) = &locale {
        limits::required_text(locale, "locale", 20)?;
        let is_plain = locale
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_plain {
            return Err(Refusal::invalid("locale", "must be like de or pt-BR").into());
        }
    }
    let (user, stored) = (call.caller.no, locale.clone());
    let write = move |connection: &mut _| rows::set_locale(connection, user, stored.as_deref());
    call.pool().run(write).await?;
    Ok(HttpResponse::Ok().json(Settings { locale }))
}
