//! Searches of all clients: how many at a time, how often, and how long they took.

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

use super::SessionDeps;
use crate::domain::access::{Privilege, Requester};
use crate::domain::ids::UserNo;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::search::parse;
use crate::domain::tokens::{Language, Tokenizer};
use crate::edge::native::searching::SearchRequest;
use crate::error::Error;
use crate::store::pool::Pool;
use crate::store::search::{self, Bounds, Found, MessageSearch, Scope, SearchConnections};

/// The label of a search that found too much.
const TOO_BROAD: &str = "too_broad";

/// What searches need.
pub struct Searches {
    connections: SearchConnections,
    tokenizer: Arc<Tokenizer>,
    /// Users whose search is under way: each has one at a time.
    searching: Mutex<HashSet<UserNo>>,
}

/// A search under way.
struct Turn<'a> {
    searches: &'a Searches,
    user: UserNo,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.searches.searching.lock().remove(&self.user);
    }
}

impl Searches {
    /// Searches over a database, with the stems of these languages.
    pub fn new(pool: &Pool, languages: &[Language]) -> Self {
        Self {
            connections: SearchConnections::new(pool),
            tokenizer: Arc::new(Tokenizer::new(languages)),
            searching: Mutex::default(),
        }
    }

    /// How texts are read.
    pub fn tokenizer(&self) -> Arc<Tokenizer> {
        Arc::clone(&self.tokenizer)
    }

    fn turn(&self, user: UserNo) -> Result<Turn<'_>, Refusal> {
        let is_first = self.searching.lock().insert(user);
        let searches = self;
        let turn = is_first.then_some(Turn { searches, user });
        turn.ok_or(Refusal::RateLimited { retry_after: 1 })
    }
}

impl SessionDeps {
    /// Finds messages in the name of a user.
    pub async fn search(
        &self,
        principal: &Principal,
        wanted: SearchRequest,
    ) -> Result<Found, Error> {
        let searches = self.searches.as_ref().ok_or(Refusal::SearchUnavailable)?;
        let asked = self.asked(searches, principal, wanted)?;
        self.rate_limits.search(principal.no)?;
        let _turn = searches.turn(principal.no)?;
        let begun = self.room.clock.now();
        let found = searches
            .connections
            .run(move |connection| search::find(connection, &asked));
        let found = found.await?;
        let plan = found.as_ref().map_or(TOO_BROAD, |found| found.plan);
        let seconds = self.room.clock.now().duration_since(begun).as_secs_f64();
        let took = &self.room.metrics.search.seconds;
        took.with_label_values(&[plan]).observe(seconds);
        Ok(found?)
    }

    fn asked(
        &self,
        searches: &Searches,
        principal: &Principal,
        wanted: SearchRequest,
    ) -> Result<MessageSearch, Refusal> {
        let mut query = parse(&searches.tokenizer, &wanted.q)?;
        match (query.filters.within, wanted.conversation) {
            (Some(one), Some(other)) if one != other => {
                return Err(Refusal::invalid(
                    "q",
                    "in: must be the same as conversation_id",
                ));
            }
            (within, other) => query.filters.within = within.or(other),
        }
        if wanted.scope == Scope::Everything {
            if !principal.roles.may(Privilege::OpenEveryConversation) {
                return Err(Refusal::Forbidden(
                    "Only staff may search all conversations",
                ));
            }
            let own_only = [
                (query.filters.unread, "is:"),
                (query.filters.subject.is_some(), "subject:"),
            ];
            if let Some((_, name)) = own_only.iter().find(|(is_asked, _)| *is_asked) {
                let why = format!("{name} must not be used with scope=all");
                return Err(Refusal::invalid("q", why));
            }
        }
        let seconds = i64::try_from(self.room.clock.since_1970().as_secs()).unwrap_or(i64::MAX);
        Ok(MessageSearch {
            query,
            text: wanted.q,
            requester: Requester::from(principal),
            me: principal.id.clone(),
            scope: wanted.scope,
            page: wanted.page,
            limit: wanted.limit,
            tokenizer: Arc::clone(&searches.tokenizer),
            now: DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default(),
            bounds: Bounds::default(),
        })
    }
}
