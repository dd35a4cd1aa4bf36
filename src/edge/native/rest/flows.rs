//! Flows and deals: definitions, the state of a deal, acting in it, its log.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use super::conversations::limit_of;
use crate::deal::catalogue::Catalogue;
use crate::deal::deciding::{DecidedStep, begin};
use crate::domain::access::{Access, Privilege, Requester, may_begin_as_payer};
use crate::domain::business::StaffRole;
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::deal_reader::DealReader;
use crate::domain::flow::StateVersion;
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::domain::object;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Loaded;
use crate::domain::whole;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::native::deals::{FlowView, LoggedStepView};
use crate::edge::native::pressing::{checked_press, checked_request_id};
use crate::error::Error;
use crate::store::conversations::{self as conversation_rows, Key};
use crate::store::flows as rows;
use crate::store::{businesses, participants};
use flow::definition::Definition;
use flow::graph;
use flow::outline::{Outline, outline};

/// The deal that a new conversation is to be.
#[derive(Deserialize, ToSchema)]
pub struct NewFlowBody {
    /// The flow's name
    name: String,
    /// The version of its definition; the newest where absent
    #[serde(default, deserialize_with = "whole::optional")]
    version: Option<i64>,
    /// What is known of the deal already, by the names of the definition's context
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

/// A deal that may begin.
pub(in crate::edge) struct WantedDeal {
    definition: Arc<Definition>,
    context: Map<String, Value>,
    catalogue: Arc<Catalogue>,
}

impl NewFlowBody {
    /// Finds the definition and checks that the caller may begin the deal and that every role is assigned.
    pub(super) fn check(
        self,
        server: &AppState,
        caller: &Principal,
        people: &[(UserId, String)],
    ) -> Result<WantedDeal, Refusal> {
        let catalogue = Arc::clone(&server.deps.deals.deps().catalogue);
        let definition = catalogue
            .current(&self.name)
            .filter(|found| self.version.is_none_or(|version| version == found.version))
            .ok_or(Refusal::DefinitionNotFound(self.name))?;
        if definition.money.is_some() && !caller.roles.may(Privilege::AskForMoney) {
            return Err(Refusal::Forbidden(
                "Only the platform may begin a deal that asks for money",
            ));
        }
        if definition.money.is_some() && server.payments.gateway().is_none() {
            return Err(Refusal::PaymentsUnavailable);
        }
        let is_taken = |role: &&String| people.iter().any(|(_, taken)| taken == *role);
        if let Some(free) = definition.roles.iter().find(|role| !is_taken(role)) {
            let missing = format!("must name somebody with the role {free}");
            return Err(Refusal::invalid("participants", missing));
        }
        Ok(WantedDeal {
            definition,
            context: self.context.unwrap_or_default(),
            catalogue,
        })
    }
}

impl WantedDeal {
    /// A deal that the person with `own_role` begins, who alone pays in it. They give nothing of its context but these values, which the
    /// flow may lack.
    pub(in crate::edge) fn as_payer(
        server: &AppState,
        caller: &Principal,
        (name, own_role): (&str, &str),
        mut context: Map<String, Value>,
    ) -> Result<Self, Refusal> {
        let definition = current(server, name)?;
        let states = definition.states.values();
        let payers = states.filter_map(|state| state.payment.as_ref());
        may_begin_as_payer(
            caller.roles,
            own_role,
            payers.map(|payment| payment.payer.as_str()),
        )?;
        if definition.money.is_some() && server.payments.gateway().is_none() {
            return Err(Refusal::PaymentsUnavailable);
        }
        context.retain(|name, _| definition.context.contains_key(name));
        Ok(Self {
            definition,
            context,
            catalogue: Arc::clone(&server.deps.deals.deps().catalogue),
        })
    }

    /// The deal's first step in this conversation.
    pub(in crate::edge) fn first_step(
        &self,
        conversation: &Conversation,
        caller: &Principal,
        now: DateTime<Utc>,
    ) -> Result<DecidedStep, Error> {
        begin(
            conversation,
            &self.catalogue,
            &self.definition,
            self.context.clone(),
            caller,
            now,
        )
    }

    /// The deal's first step in an existing conversation; `None` if the conversation has a deal of the same name.
    pub(super) fn first_step_in(
        &self,
        found: &Loaded,
        caller: &Principal,
        now: DateTime<Utc>,
    ) -> Result<Option<DecidedStep>, Error> {
        match &found.conversation.flow {
            Some(deal_view) if deal_view.flow == self.definition.name => Ok(None),
            Some(_) => Err(Refusal::Conflict("The conversation has another flow").into()),
            None => {
                self.must_have_its_people(&found.participants)?;
                self.first_step(&found.conversation, caller, now).map(Some)
            }
        }
    }

    fn must_have_its_people(&self, people: &[Participant]) -> Result<(), Refusal> {
        for role in &self.definition.roles {
            let people = people.iter();
            let holders: Vec<&Participant> = people
                .filter(|person| person.takes_part() && person.role == *role)
                .collect();
            let why = match holders.as_slice() {
                [] => "The conversation exists already, and its participants have other roles",
                several if several.iter().all(|person| person.may_read().is_err()) => {
                    "The conversation exists already, and a participant whom the deal needs is blocked in it"
                }
                _ => continue,
            };
            return Err(Refusal::Conflict(why));
        }
        Ok(())
    }
}

fn catalogue(server: &AppState) -> &Catalogue {
    &server.deps.deals.deps().catalogue
}

fn current(server: &AppState, name: &str) -> Result<Arc<Definition>, Refusal> {
    catalogue(server)
        .current(name)
        .ok_or_else(|| Refusal::DefinitionNotFound(name.to_owned()))
}

/// The flows that new deals may run by
#[utoipa::path(responses((status = 200, description = "`items`: `name`, `version`, `title`, `roles`", body = Object)), security(("bearer" = [])), tag = "flows")]
#[get("/flows")]
pub async fn list(call: Call) -> HttpResponse {
    let item = |definition: &Arc<Definition>| {
        json!({
            "name": definition.name, "version": definition.version, "title": definition.title, "roles": definition.roles,
        })
    };
    let items: Vec<Value> = catalogue(&call.server).all_current().map(item).collect();
    HttpResponse::Ok().json(json!({ "items": items, "next_cursor": null }))
}

/// Which version.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionQuery {
    /// The newest where absent
    version: Option<i64>,
    /// Of a graph: the state that is shown as the current one
    state: Option<String>,
}

async fn definition_of(
    call: &Call<String>,
    version: Option<i64>,
) -> Result<Arc<Definition>, Failure> {
    let name = call.path.clone();
    let Some(version) = version else {
        return Ok(current(&call.server, &name)?);
    };
    let catalogue = Arc::clone(&call.server.deps.deals.deps().catalogue);
    let read = call
        .pool()
        .run(move |connection| catalogue.of(connection, &name, version));
    Ok(read.await?)
}

/// A flow: its states in reading order, its actions, who may do them
#[utoipa::path(params(("name" = String, Path), VersionQuery), responses((status = 200, body = Outline), (status = 404, description = "FLOW_DEFINITION_NOT_FOUND")), security(("bearer" = [])), tag = "flows")]
#[get("/flows/{name}")]
pub async fn describe(
    call: Call<String>,
    query: Query<VersionQuery>,
) -> Result<HttpResponse, Failure> {
    let definition = definition_of(&call, query.0.version).await?;
    Ok(HttpResponse::Ok().json(outline(&definition)))
}

/// A picture of a flow
#[utoipa::path(params(("name" = String, Path), VersionQuery), responses((status = 200, content_type = "image/svg+xml", body = String), (status = 404, description = "FLOW_DEFINITION_NOT_FOUND")), security(("bearer" = [])), tag = "flows")]
#[get("/flows/{name}/graph.svg")]
pub async fn picture(
    call: Call<String>,
    query: Query<VersionQuery>,
) -> Result<HttpResponse, Failure> {
    let definition = definition_of(&call, query.0.version).await?;
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml; charset=utf-8")
        .body(graph::svg(&definition, query.0.state.as_deref())))
}

/// A conversation with the caller's row, if they ever participated, and what they do for its business.
struct OwnConversation {
    conversation: Conversation,
    own: Option<Participant>,
    staff: Option<StaffRole>,
}

impl OwnConversation {
    /// How the caller may read the deal, or why they may not.
    fn access(&self, call: &Call<ConversationId>) -> Result<Access<'_>, Refusal> {
        let access = Access::with_staff(self.own.as_ref(), call.caller.roles, self.staff)?;
        Ok(access)
    }
}

async fn find(call: &Call<ConversationId>) -> Result<OwnConversation, Failure> {
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let read = call.pool().run(move |connection| {
        let Some(conversation) = conversation_rows::find(connection, Key::Id(id))? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        let own = participants::find(connection, conversation.no, requester.no)?;
        let staff = businesses::role_in(connection, &conversation, requester.no)?;
        Ok(Ok(OwnConversation {
            conversation,
            own,
            staff,
        }))
    });
    Ok(read.await??)
}

/// How a conversation's deal stands, and what the caller may do now
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = FlowView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND")), security(("bearer" = [])), tag = "flows")]
#[get("/conversations/{id}/flow")]
pub async fn show(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let found = find(&call).await?;
    let reader = DealReader::Caller(found.access(&call)?, call.caller.roles);
    let deal_view = found.conversation.flow.as_ref();
    let deal_view = deal_view.ok_or(Refusal::FlowNotFound)?;
    Ok(HttpResponse::Ok().json(FlowView::new(deal_view, reader)))
}

/// A press.
#[derive(Deserialize, ToSchema)]
pub struct ActBody {
    /// What was filled in
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    input: Option<Map<String, Value>>,
    /// The version at which the action was available: a press at an older one is refused
    #[serde(default, deserialize_with = "whole::optional")]
    state_version: Option<StateVersion>,
    /// The caller's own id of it: pressing again with the same is safe
    request_id: Option<String>,
    /// Who acts; must be the caller, unless the caller is the platform
    user_id: Option<String>,
}

/// Act in a conversation's deal
#[utoipa::path(request_body = ActBody, params(("id" = Uuid, Path), ("action" = String, Path)), responses((status = 200, body = FlowView), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND, ACTION_NOT_FOUND"), (status = 409, description = "FLOW_STATE_INVALID"), (status = 422, description = "ACTION_NOT_ALLOWED")), security(("bearer" = [])), tag = "flows")]
#[post("/conversations/{id}/flow/actions/{action}")]
pub async fn act(call: Call<(ConversationId, String), Body>) -> Result<HttpResponse, Failure> {
    let (id, action) = call.path.clone();
    let work = async {
        let body: ActBody = call.own_body()?;
        let press = checked_press(action, body.input, body.state_version)?;
        let request_id = body.request_id.map(checked_request_id).transpose()?;
        let presser = call.presser(body.user_id.as_deref()).await?;
        let deals = &call.server.deps.deals;
        let deal = deals.press(id, presser, press, request_id).await?;
        StoredResponse::json(200, &deal)
    };
    call.once(work).await
}

/// Which part of a log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only steps after this seq
    after: Option<Seq>,
    /// 1–100
    limit: Option<i64>,
}

/// The steps of a conversation's deal, in order
#[utoipa::path(params(("id" = Uuid, Path), HistoryQuery), responses((status = 200, description = "`items`: steps; `next_cursor`: the seq to go on from", body = Object), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND")), security(("bearer" = [])), tag = "flows")]
#[get("/conversations/{id}/flow/history")]
pub async fn history(
    call: Call<ConversationId>,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Failure> {
    let limit = limit_of(query.0.limit)?;
    let found = find(&call).await?;
    let access = found.access(&call)?;
    let reader = access.reader(call.caller.no);
    let after = reader.sight().sees_after(query.0.after.unwrap_or(0));
    let reader = DealReader::Caller(access, call.caller.roles);
    let deal_view = found.conversation.flow.as_ref();
    deal_view.ok_or(Refusal::FlowNotFound)?;
    let no = found.conversation.no;
    let read = call
        .pool()
        .run(move |connection| rows::steps(connection, no, after, limit));
    let steps = read.await?;
    let full = steps.len() as i64 == limit;
    let next = steps.last().filter(|_| full).map(|step| step.seq);
    let view = |step| LoggedStepView::new(step, reader);
    let items: Vec<_> = steps.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}
