//! The fields of each kind of section as bytes. A later version may append fields to a kind, and may add kinds.

use bytes::Bytes;

use super::fields::{Fields, Unreadable, put_list, put_number, put_signed, put_text};
use super::section::{Attendance, Beat, CommittedEntries, NodeId, PersonAt, Section, WireEntries};
use crate::domain::command::{Mark, Reads, Typing};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, SessionId, UserId, UserNo};

/// Follows a watermark of the main line alone; 0 follows the others.
const MAIN_LINE: u8 = 1;

/// The longest number in bytes.
const NUMBER: usize = 10;

/// The kinds of sections, by their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Hello = 1,
    Beat = 2,
    Stopping = 3,
    Entries = 4,
    Created = 5,
    Profile = 6,
    Marked = 7,
    Typing = 8,
    Attendance = 9,
    People = 10,
    AllPeople = 11,
    AskPeople = 12,
    Taken = 13,
    Ended = 14,
    Hint = 15,
    Mine = 16,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::Hello,
        Self::Beat,
        Self::Stopping,
        Self::Entries,
        Self::Created,
        Self::Profile,
        Self::Marked,
        Self::Typing,
        Self::Attendance,
        Self::People,
        Self::AllPeople,
        Self::AskPeople,
        Self::Taken,
        Self::Ended,
        Self::Hint,
        Self::Mine,
    ];

    pub(super) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    pub(super) fn of(section: &Section) -> Self {
        match section {
            Section::Hello => Self::Hello,
            Section::Beat(_) => Self::Beat,
            Section::Stopping => Self::Stopping,
            Section::Entries(_) => Self::Entries,
            Section::Created { .. } => Self::Created,
            Section::Profile(_) => Self::Profile,
            Section::Marked { .. } => Self::Marked,
            Section::Typing { .. } => Self::Typing,
            Section::Attendance { .. } => Self::Attendance,
            Section::People(_) => Self::People,
            Section::AllPeople { .. } => Self::AllPeople,
            Section::AskPeople(_) => Self::AskPeople,
            Section::Taken { .. } => Self::Taken,
            Section::Ended(_) => Self::Ended,
            Section::Hint { .. } => Self::Hint,
            Section::Mine { .. } => Self::Mine,
        }
    }
}

/// Appends the fields of a section.
pub(super) fn write(section: &Section, to: &mut Vec<u8>) {
    match section {
        Section::Hello | Section::Stopping => {}
        Section::Beat(beat) => put_beat(to, beat),
        Section::Entries(committed) => {
            write_about_entries(committed, committed.last, to);
            committed.entries.append_to(to);
        }
        Section::Created { no, id, people } => {
            put_signed(to, no.0);
            put_conversation(to, *id);
            put_list(to, people, put_user);
        }
        Section::Profile(user) => put_text(to, user.as_str()),
        Section::Marked { .. }
        | Section::Typing { .. }
        | Section::Attendance { .. }
        | Section::Mine { .. } => write_transient(section, to),
        Section::People(people) => put_list(to, people, put_person),
        Section::AllPeople {
            page,
            is_last,
            people,
        } => {
            put_number(to, u64::from(*page));
            to.push(u8::from(*is_last));
            put_list(to, people, put_person);
        }
        Section::AskPeople(node) => to.extend_from_slice(node.as_bytes()),
        Section::Taken { pid, session } => {
            put_text(to, pid);
            to.extend_from_slice(session.0.as_bytes());
        }
        Section::Ended(user) => put_user(to, user),
        Section::Hint { topic, numbers } => {
            put_text(to, topic);
            put_list(to, numbers, |to, number| put_signed(to, *number));
        }
    }
}

/// Appends the fields of what is sent about a conversation and is no entry.
fn write_transient(section: &Section, to: &mut Vec<u8>) {
    match section {
        Section::Marked {
            conversation,
            user,
            mark,
            seq,
        } => {
            put_conversation(to, *conversation);
            put_user(to, user);
            to.push(number_of_mark(*mark));
            put_signed(to, *seq);
            to.push(u8::from(*mark == Mark::Seen(Reads::MainLine)) * MAIN_LINE);
        }
        Section::Typing {
            conversation,
            user,
            id,
            name,
            typing,
        } => {
            put_conversation(to, *conversation);
            put_user(to, user);
            put_text(to, id.as_str());
            put_list(to, name.as_slice(), |to, name| put_text(to, name));
            to.push(u8::from(*typing == Typing::Started));
        }
        Section::Attendance {
            conversation,
            user,
            change,
        } => {
            put_conversation(to, *conversation);
            put_user(to, user);
            to.push(number_of_attendance(*change));
        }
        Section::Mine {
            conversation,
            user,
            thread,
        } => {
            put_conversation(to, *conversation);
            put_user(to, user);
            put_list(to, thread.as_slice(), |to, root| put_signed(to, *root));
        }
        _ => {}
    }
}

/// Appends what stands before the entries, of which `last` is the last.
pub(super) fn write_about_entries(committed: &CommittedEntries, last: Seq, to: &mut Vec<u8>) {
    put_conversation(to, committed.conversation);
    put_signed(to, committed.no.0);
    put_signed(to, committed.first);
    put_signed(to, last);
    put_list(to, &committed.people, put_user);
    put_list(to, &committed.newcomers, put_user);
}

/// The most bytes that `write_about_entries` appends.
pub(super) fn most_about_entries(committed: &CommittedEntries) -> usize {
    16 + NUMBER * (5 + committed.people.len() + committed.newcomers.len())
}

fn put_conversation(to: &mut Vec<u8>, conversation: ConversationId) {
    to.extend_from_slice(conversation.0.as_bytes());
}

fn put_user(to: &mut Vec<u8>, user: &UserNo) {
    put_signed(to, user.0);
}

fn put_beat(to: &mut Vec<u8>, beat: &Beat) {
    put_list(to, &beat.heard, |to, (node, number): &(NodeId, u64)| {
        to.extend_from_slice(node.as_bytes());
        put_number(to, *number);
    });
    put_number(to, u64::from(beat.people));
    to.extend_from_slice(&beat.hash.to_be_bytes());
}

fn put_person(to: &mut Vec<u8>, person: &PersonAt) {
    put_user(to, &person.user);
    to.push(number_of_status(person.status));
    put_signed(to, person.chosen_at);
}

fn number_of_attendance(change: Attendance) -> u8 {
    match change {
        Attendance::Joined => 0,
        Attendance::Stays => 1,
        Attendance::Left => 2,
        Attendance::Lost => 3,
    }
}

fn number_of_mark(mark: Mark) -> u8 {
    match mark {
        Mark::Delivered => 0,
        Mark::Seen(_) => 1,
    }
}

fn number_of_status(status: PresenceStatus) -> u8 {
    match status {
        PresenceStatus::Offline => 0,
        PresenceStatus::Online => 1,
        PresenceStatus::Away => 2,
        PresenceStatus::Busy => 3,
    }
}

/// Reads the fields of a section of this kind.
pub(super) fn read(kind: Kind, bytes: &Bytes) -> Result<Section, Unreadable> {
    let mut fields = Fields::new(bytes);
    let from = &mut fields;
    Ok(match kind {
        Kind::Hello => Section::Hello,
        Kind::Stopping => Section::Stopping,
        Kind::Beat => Section::Beat(Beat {
            heard: from.list(|from| Ok((from.uuid()?, from.number()?)))?,
            people: small(from.number()?)?,
            hash: u64::from_be_bytes(from.array()?),
        }),
        Kind::Entries => Section::Entries(about_entries(from, bytes)?),
        Kind::Created => Section::Created {
            no: from.signed().map(ConversationNo)?,
            id: conversation(from)?,
            people: from.list(user)?,
        },
        Kind::Profile => Section::Profile(user_id(&from.text()?)?),
        Kind::Marked => marked(from)?,
        Kind::Typing => typing(from)?,
        Kind::Attendance => Section::Attendance {
            conversation: conversation(from)?,
            user: user(from)?,
            change: attendance(from.byte()?)?,
        },
        Kind::Mine => Section::Mine {
            conversation: conversation(from)?,
            user: user(from)?,
            thread: match from.len() {
                0 => None,
                _ => from.list(Fields::signed)?.pop(),
            },
        },
        Kind::People => Section::People(from.list(person)?),
        Kind::AllPeople => Section::AllPeople {
            page: small(from.number()?)?,
            is_last: yes(from)?,
            people: from.list(person)?,
        },
        Kind::AskPeople => Section::AskPeople(from.uuid()?),
        Kind::Taken => Section::Taken {
            pid: from.text()?,
            session: from.uuid().map(SessionId)?,
        },
        Kind::Ended => Section::Ended(user(from)?),
        Kind::Hint => Section::Hint {
            topic: from.text()?,
            numbers: from.list(Fields::signed)?,
        },
    })
}

fn typing(from: &mut Fields<'_>) -> Result<Section, Unreadable> {
    Ok(Section::Typing {
        conversation: conversation(from)?,
        user: user(from)?,
        id: user_id(&from.text()?)?,
        name: from.list(Fields::text)?.pop(),
        typing: if yes(from)? {
            Typing::Started
        } else {
            Typing::Stopped
        },
    })
}

fn about_entries(from: &mut Fields<'_>, bytes: &Bytes) -> Result<CommittedEntries, Unreadable> {
    Ok(CommittedEntries {
        conversation: conversation(from)?,
        no: from.signed().map(ConversationNo)?,
        first: from.signed()?,
        last: from.signed()?,
        people: from.list(user)?,
        newcomers: from.list(user)?,
        entries: WireEntries::Encoded(bytes.slice(bytes.len() - from.len()..)),
    })
}

fn conversation(from: &mut Fields<'_>) -> Result<ConversationId, Unreadable> {
    from.uuid().map(ConversationId)
}

fn user(from: &mut Fields<'_>) -> Result<UserNo, Unreadable> {
    from.signed().map(UserNo)
}

fn user_id(text: &str) -> Result<UserId, Unreadable> {
    UserId::parse(text, "user").map_err(|_| Unreadable)
}

fn person(from: &mut Fields<'_>) -> Result<PersonAt, Unreadable> {
    Ok(PersonAt {
        user: user(from)?,
        status: status(from.byte()?)?,
        chosen_at: from.signed()?,
    })
}

fn small(number: u64) -> Result<u32, Unreadable> {
    u32::try_from(number).map_err(|_| Unreadable)
}

fn yes(from: &mut Fields<'_>) -> Result<bool, Unreadable> {
    match from.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Unreadable),
    }
}

fn attendance(number: u8) -> Result<Attendance, Unreadable> {
    let all = [
        Attendance::Joined,
        Attendance::Stays,
        Attendance::Left,
        Attendance::Lost,
    ];
    let mut found = all
        .into_iter()
        .filter(|change| number_of_attendance(*change) == number);
    found.next().ok_or(Unreadable)
}

fn marked(from: &mut Fields<'_>) -> Result<Section, Unreadable> {
    let (conversation, user) = (conversation(from)?, user(from)?);
    let (mark, seq) = (mark(from.byte()?)?, from.signed()?);
    let is_main_line = from.len() > 0 && from.byte()? == MAIN_LINE;
    let mark = match mark {
        Mark::Seen(_) if is_main_line => Mark::Seen(Reads::MainLine),
        mark => mark,
    };
    Ok(Section::Marked {
        conversation,
        user,
        mark,
        seq,
    })
}

fn mark(number: u8) -> Result<Mark, Unreadable> {
    let all = [Mark::Delivered, Mark::Seen(Reads::All)].into_iter();
    let mut found = all.filter(|mark| number_of_mark(*mark) == number);
    found.next().ok_or(Unreadable)
}

fn status(number: u8) -> Result<PresenceStatus, Unreadable> {
    let all = [
        PresenceStatus::Offline,
        PresenceStatus::Online,
        PresenceStatus::Away,
        PresenceStatus::Busy,
    ];
    let mut found = all
        .into_iter()
        .filter(|status| number_of_status(*status) == number);
    found.next().ok_or(Unreadable)
}
