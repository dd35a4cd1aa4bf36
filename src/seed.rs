//! Sample data of the demo: a small marketplace, created through the same interfaces that everybody uses.

mod deals;

use serde_json::json;
use std::sync::Arc;

use crate::domain::access::beginning::Inviter;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::conversation::{ConversationKind, Subject};
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::message::Content;
use crate::domain::principal::{Principal, Profile, Roles};
use crate::edge::connection::SessionDeps;
use crate::edge::http::demo::{CAST, claims};
use crate::error::Error;
use crate::identity::auth::Claims;
use crate::store::conversations::{self, Filter};
use crate::store::creation::{Creation, NewConversation};

struct Story {
    kind: ConversationKind,
    title: Option<&'static str>,
    /// The subject: type, id, title and web address.
    subject: Option<(&'static str, &'static str, &'static str)>,
    /// The participants with their roles; the first one creates the conversation.
    people: &'static [(&'static str, &'static str)],
    lines: &'static [(&'static str, &'static str)],
    /// How many of the lines all participants have read.
    read: i64,
}

const STORIES: [Story; 5] = [
    Story {
        kind: ConversationKind::Group,
        title: None,
        subject: Some(("job", "4711", "Oak counter for the bakery")),
        people: &[("mira", "customer"), ("jonas", "craftsperson")],
        lines: &[
            (
                "mira",
                "Hello Jonas, thank you for your bid! We need a new counter, about 4.20 m, with a cut-out for the display fridge.",
            ),
            (
                "jonas",
                "Hi Mira, gladly. Is the floor level? And would you like oiled or lacquered oak?",
            ),
            (
                "mira",
                "Level within a few millimetres. Oiled, please: it has to survive flour and coffee.",
            ),
            (
                "jonas",
                "Oiled it is. I can come by on Thursday at 7 before you open and measure.",
            ),
            (
                "mira",
                "Thursday at 7 is perfect. There will be fresh rolls.",
            ),
            ("jonas", "Then I will certainly be on time."),
        ],
        read: 5,
    },
    Story {
        kind: ConversationKind::Group,
        title: None,
        subject: Some(("campaign", "autumn-24", "Autumn breads, six photos")),
        people: &[("mira", "brand_owner"), ("priya", "influencer")],
        lines: &[
            (
                "priya",
                "I loved the rye with walnuts! For the autumn set I would suggest morning light, two long shots and four close-ups.",
            ),
            (
                "mira",
                "That sounds just right. Could you have them by the 14th? The new menu goes to print then.",
            ),
            (
                "priya",
                "Yes. I send a first selection on the 10th so that there is time for changes.\nMood board: https://example.com/mood/autumn",
            ),
        ],
        read: 2,
    },
    Story {
        kind: ConversationKind::Direct,
        title: None,
        subject: None,
        people: &[("jonas", "member"), ("lena", "member")],
        lines: &[
            (
                "lena",
                "Do you still have the walnut offcuts from the library job?",
            ),
            (
                "jonas",
                "Three boards of about a metre. They are yours if you fetch them.",
            ),
            ("lena", "You are the best. I come by on Friday."),
        ],
        read: 3,
    },
    Story {
        kind: ConversationKind::Group,
        title: Some("Kornblume refit"),
        subject: None,
        people: &[
            ("mira", "owner"),
            ("jonas", "member"),
            ("lena", "member"),
            ("tomas", "member"),
        ],
        lines: &[
            (
                "mira",
                "Welcome everybody! We close from the 20th to the 24th. All of the work has to fit into these five days.",
            ),
            (
                "lena",
                "Colours are decided: chalk white, and the deep blue behind the counter.",
            ),
            (
                "jonas",
                "Old counter out on the 20th, new one in on the 22nd.",
            ),
            (
                "tomas",
                "I can take the old counter to the recycling yard on the 21st, two trips with the bike trailer.",
            ),
        ],
        read: 3,
    },
    Story {
        kind: ConversationKind::Support,
        title: Some("Invoice address"),
        subject: Some(("order", "2024-118", "Order 2024-118")),
        people: &[("tomas", "customer"), ("sam", "support")],
        lines: &[
            (
                "tomas",
                "Hello, my last invoice still has the old address on it.",
            ),
            (
                "sam",
                "Thank you for telling us. I have corrected it, and the new invoice is on its way to you.",
            ),
        ],
        read: 2,
    },
];

/// A thread about a lead, as the page of the dialect `quotexbert` shows it.
const LEAD: Story = Story {
    kind: ConversationKind::Group,
    title: Some("Kitchen above the bakery"),
    subject: Some(("lead", "lead-7", "Kitchen above the bakery")),
    people: &[("mira", "homeowner"), ("jonas", "contractor")],
    lines: &[
        ("jonas", "I saw your lead. When can I measure the kitchen?"),
        ("mira", "On Thursday after ten, the key is in the shop."),
    ],
    read: 1,
};

/// Creates the people and their conversations, once.
pub async fn seed(deps: &SessionDeps) -> Result<(), Error> {
    let mut people = Vec::with_capacity(CAST.len());
    for character in &CAST {
        people.push(Arc::new(
            principal(deps, claims(character, &deps.room.clock)).await?,
        ));
    }
    let Some(first) = people.first().map(|person| person.no) else {
        return Ok(());
    };
    let there = deps
        .room
        .pool
        .run(move |connection| conversations::list(connection, first, &Filter::default(), 1))
        .await?;
    if !there.is_empty() {
        return Ok(());
    }
    for story in &STORIES {
        tell(deps, story, &people).await?;
    }
    if deps.dialects.serves("quotexbert") {
        tell(deps, &LEAD, &people).await?;
    }
    deals::play(deps, &people).await
}

async fn principal(deps: &SessionDeps, claims: Claims) -> Result<Principal, Error> {
    let id = UserId::parse(&claims.sub, "sub")?;
    let profile = Profile {
        name: claims.name,
        email: claims.email,
        avatar_url: None,
        alias: None,
    };
    let (no, id, profile) = deps.people.remember(id, profile).await?;
    let support = claims.roles.iter().any(|role| role == "support");
    let roles = Roles {
        support,
        ..Roles::default()
    };
    Ok(Principal {
        no,
        id,
        profile,
        roles,
        platform_role: None,
        valid_until: crate::identity::auth::valid_until(claims.exp),
        issued_at: None,
    })
}

fn find<'a>(people: &'a [Arc<Principal>], id: &str) -> Result<&'a Arc<Principal>, Error> {
    people
        .iter()
        .find(|person| person.id.as_str() == id)
        .ok_or_else(|| Error::internal("a story names a stranger"))
}

async fn tell(deps: &SessionDeps, story: &Story, people: &[Arc<Principal>]) -> Result<(), Error> {
    let cast: Result<Vec<_>, Error> = story
        .people
        .iter()
        .map(|(id, role)| Ok((find(people, id)?.no, (*role).to_owned())))
        .collect();
    let participants = cast?;
    let Some((creator, _)) = participants.first().cloned() else {
        return Ok(());
    };
    let subject = story.subject.map(|(kind, id, title)| Subject {
        kind: kind.to_owned(),
        id: id.to_owned(),
        card: json!({ "title": title, "url": format!("https://example.com/{kind}s/{id}"), "data": null }),
    });
    let new = NewConversation {
        first_step: None,
        id: ConversationId::fresh(),
        kind: story.kind,
        title: story.title.map(str::to_owned),
        subject,
        creator,
        inviter: Inviter::Platform,
        max_participants: None,
        external_id: None,
        business: None,
        participants,
        first_message: None,
    };
    let Creation::Created(conversation) = deps.room.journal.create(new).await? else {
        return Ok(());
    };
    for (number, (speaker, line)) in story.lines.iter().enumerate() {
        let content = Content::text(
            Some(format!("story-{}-{number}", conversation.id)),
            (*line).to_owned(),
        );
        let speaker = Arc::clone(find(people, speaker)?);
        deps.rooms
            .ask(conversation.id, speaker, Command::Send(Arc::new(content)))
            .await?;
    }
    for (id, _) in story.people {
        let reader = Arc::clone(find(people, id)?);
        let seen = Command::Mark {
            mark: Mark::Seen(Reads::All),
            seq: story.read,
        };
        deps.rooms.ask(conversation.id, reader, seen).await?;
    }
    Ok(())
}
