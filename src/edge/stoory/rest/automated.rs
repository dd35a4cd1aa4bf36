//! What the endpoints of bids and campaigns have in common: presses of one side, work handed in and judged.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::acting::{act, checked_click};
use super::answers::With;
use super::deal_view::Side;
use super::paging::PageQuery;
use super::reading::Opened;
use super::speaking::InConversation;
use crate::domain::access::Requester;
use crate::domain::ids::ConversationId;
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::stoory::press::DealInput;
use crate::edge::stoory::rows::{ConversationRow, FlowUpdate, MessageRow};
use crate::store::paging;

/// An action of one side.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryAction)]
pub struct ActionBody {
    /// Where
    conversation_id: String,
    /// What
    action: String,
    /// What was filled in; prices are in rupees
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

/// The price is final: it is paid next.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryFinalConfirmation)]
pub struct ConfirmationBody {
    /// Where
    conversation_id: String,
}

/// Work to hand in.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryWorkSubmission)]
pub struct WorkBody {
    /// What was made
    deliverables: Option<String>,
    /// What it is
    description: Option<String>,
    /// What else is to be said
    submission_notes: Option<String>,
}

/// A judgement of work.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryWorkReview)]
pub struct ReviewBody {
    /// `approve_work` or `request_revision`
    action: String,
    /// Why
    feedback: Option<String>,
}

/// A conversation with its deal and its newest messages.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryFlowContext)]
pub struct FlowContext<'a> {
    /// The conversation
    conversation: WithMessages<'a>,
    /// Where it stands
    #[serde(flatten)]
    flow: FlowUpdate<'a>,
}

/// A conversation and its messages.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryConversationWithMessages)]
pub struct WithMessages<'a> {
    /// The conversation
    #[serde(flatten)]
    row: ConversationRow<'a>,
    /// The newest 100 that the caller may see, oldest first
    messages: Vec<MessageRow<'a>>,
}

/// An action of one side.
pub(super) async fn action(call: &Call<(), Body>, side: Side) -> Result<HttpResponse, Failure> {
    let work = async {
        let actor = call.named_presser().await?;
        let asked: ActionBody = call.body.read()?;
        let id = ConversationId::parse(&asked.conversation_id, "conversation_id")?;
        let input = checked_click((asked.action, "action"), (asked.data, "data"))?;
        let outcome = act(&call.server, &actor, id, Some(side), input).await?;
        StoredResponse::json(200, &With::new(outcome.acted(&call.server)))
    };
    call.once(work).await
}

/// The brand owner goes on to pay.
pub(super) async fn confirmation(call: &Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let actor = call.named_presser().await?;
        let asked: ConfirmationBody = call.body.read()?;
        let id = ConversationId::parse(&asked.conversation_id, "conversation_id")?;
        let (server, side) = (&call.server, Some(Side::BrandOwner));
        let outcome = act(server, &actor, id, side, click("proceed_to_payment", [])).await?;
        StoredResponse::json(200, &With::new(outcome.acted(server)))
    };
    call.once(work).await
}

/// The influencer hands in work.
pub(super) async fn submission(call: &Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let actor = call.named_presser().await?;
        let handed_in: WorkBody = call.body.read()?;
        let input = click(
            "submit_work",
            [
                ("deliverables", handed_in.deliverables),
                ("description", handed_in.description),
                ("submission_notes", handed_in.submission_notes),
            ],
        );
        let (server, side) = (&call.server, Some(Side::Influencer));
        let outcome = act(server, &actor, id, side, input).await?;
        let words = "Work submitted successfully";
        StoredResponse::json(200, &With::new(outcome.worked(words)))
    };
    call.once(work).await
}

/// The brand owner judges work.
pub(super) async fn review(call: &Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let actor = call.named_presser().await?;
        let judged: ReviewBody = call.body.read()?;
        if !matches!(judged.action.as_str(), "approve_work" | "request_revision") {
            let known = "must be approve_work or request_revision";
            return Err(Refusal::invalid("action", known).into());
        }
        let input = click(&judged.action, [("comment", judged.feedback)]);
        let (server, side) = (&call.server, Some(Side::BrandOwner));
        let outcome = act(server, &actor, id, side, input).await?;
        let words = "Work reviewed successfully";
        StoredResponse::json(200, &With::new(outcome.worked(words)))
    };
    call.once(work).await
}

/// A click with the fields that are given.
fn click<const N: usize>(button: &str, fields: [(&str, Option<String>); N]) -> DealInput {
    let given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
    DealInput::Click {
        button: button.to_owned(),
        additional: given.collect(),
    }
}

/// The conversation with its deal and its newest messages.
pub(super) async fn context(call: &Call<InConversation>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let requester = Requester::from(&*call.caller);
    let newest = PageQuery::default().asked(100)?;
    let read = call.pool().run(move |connection| {
        let opened = match Opened::read(connection, id, requester)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let no = opened.loaded.conversation.no;
        let found = paging::messages(connection, no, &opened.reader, newest.part())?;
        Ok(Ok((opened, found)))
    });
    let (opened, found) = read.await??;
    let (row, messages) = (
        opened.row(),
        opened.message_rows(&found.items, &call.server),
    );
    let flow = row.context.flow.clone();
    let conversation = WithMessages { row, messages };
    Ok(HttpResponse::Ok().json(With::new(FlowContext { conversation, flow })))
}
