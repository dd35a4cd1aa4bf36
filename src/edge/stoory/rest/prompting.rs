//! `context` of a conversation: what it is about, who takes part, what the caller may do now.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::reading::Opened;
use crate::domain::flow::Style;
use crate::domain::ids::ConversationId;
use crate::domain::message::Message;
use crate::edge::native::instants::instant;
use crate::edge::stoory::about::{ConversationType, described, title_of};
use crate::edge::stoory::cards::{ActionData, Button};
use crate::edge::stoory::listed::{LastMessage, PersonRow};
use crate::edge::stoory::rows::{ChatStatus, ConversationContext};

/// The conversation itself.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContextConversation)]
struct ContextConversation {
    #[schema(value_type = Uuid)]
    id: ConversationId,
    chat_status: ChatStatus,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

/// What it is about.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContextSource)]
struct Source {
    #[serde(rename = "type")]
    kind: ConversationType,
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
}

/// Who takes part: the caller and the other side.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContextUsers)]
struct Users<'a> {
    current: Option<PersonRow<'a>>,
    other: Option<PersonRow<'a>>,
}

/// What is asked of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContextPrompts)]
struct Prompts {
    title: String,
    subtitle: String,
    details: Vec<String>,
    actions: Vec<PromptAction>,
}

/// Something that the caller may do now.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContextAction)]
struct PromptAction {
    id: String,
    text: String,
    style: Style,
    description: String,
}

/// Whose turn it is.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContextState)]
struct State<'a> {
    can_act: bool,
    awaiting_role: Option<&'a str>,
    last_message: Option<LastMessage<'a>>,
}

/// What the front end opens a conversation with.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryPromptingContext)]
pub struct PromptingContext<'a> {
    conversation: ContextConversation,
    source: Source,
    users: Users<'a>,
    prompts: Prompts,
    state: State<'a>,
}

impl<'a> PromptingContext<'a> {
    /// Of a conversation that was read for the caller; `system` is the system's id.
    pub(super) fn new(
        opened: &'a Opened,
        shown: &ConversationContext<'a>,
        last_message: Option<&'a Message>,
        system: &'a str,
    ) -> Self {
        let (conversation, sides) = (&opened.loaded.conversation, opened.sides());
        let (kind, reader) = (ConversationType::of(conversation), opened.reader.no);
        let mut people = opened.loaded.participants.iter();
        let current = people.find(|person| person.no == reader);
        let data = kind.kind().and_then(|kind| described(conversation, kind));
        Self {
            conversation: ContextConversation {
                id: conversation.id,
                chat_status: shown.flow.chat_status,
                created_at: conversation.created_at,
                updated_at: conversation.updated_at,
            },
            prompts: prompts(shown, title_of(conversation), data.as_ref()),
            source: Source { kind, data },
            users: Users {
                current: current.map(|person| PersonRow::new(person, &sides)),
                other: sides
                    .opposite(reader)
                    .map(|person| PersonRow::new(person, &sides)),
            },
            state: State {
                can_act: shown.current_action_data.is_some(),
                awaiting_role: shown.flow.awaiting_role,
                last_message: last_message.map(|message| LastMessage::new(message, system)),
            },
        }
    }
}

fn prompts(shown: &ConversationContext<'_>, title: String, source: Option<&Value>) -> Prompts {
    let text = |name: &str| Some(source?.get(name)?.as_str()?.to_owned());
    let details = ["title", "description", "requirements"]
        .into_iter()
        .filter_map(text);
    let asked = shown.current_action_data.as_ref();
    Prompts {
        title: asked.map_or(title, |asked| asked.title.clone()),
        subtitle: asked
            .and_then(|asked| asked.subtitle.clone())
            .unwrap_or_default(),
        details: details.collect(),
        actions: asked.map(actions).unwrap_or_default(),
    }
}

/// The buttons, and the one beside the field.
fn actions(asked: &ActionData) -> Vec<PromptAction> {
    let pressed = |button: &Button| PromptAction {
        id: button.id.clone(),
        text: button.text.clone(),
        style: button.style,
        description: String::new(),
    };
    let typed = asked.input_field.as_ref().zip(asked.submit_button.as_ref());
    let typed = typed.map(|(field, submit)| PromptAction {
        id: submit.action.clone(),
        text: submit.text.clone(),
        style: submit.style,
        description: field.placeholder.clone(),
    });
    asked.buttons.iter().map(pressed).chain(typed).collect()
}
