//! The reasons why a request is refused: one table of codes, statuses and texts.

use std::borrow::Cow;

use super::event::EventProblem;
use super::file::Unfit;
use super::principal::NotBefore;

const NO_PARTICIPANT: &str = "That user is not a participant of this conversation";
const NO_SEARCH: &str = "This server does not search: it runs with --search off";
const NO_PAYMENTS: &str = "This server takes no payments: no payment gateway is configured";
const TOO_BROAD: &str =
    "Too many messages match: add words, or narrow the search with in:, from: or before:";

/// Why a request was refused. A refused request changes nothing, and its caller gets the reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// A field is missing or malformed.
    Invalid {
        /// The field's name, as the caller wrote it.
        field: Cow<'static, str>,
        /// What it must be.
        reason: String,
    },
    /// There is no token, or it is not trusted.
    Unauthenticated(&'static str),
    /// The token was issued before its owner was signed out.
    SignedOut(NotBefore),
    /// The caller may not do this.
    Forbidden(&'static str),
    /// The caller is not a participant, or is one no longer.
    NotAParticipant,
    /// The caller is blocked here.
    Blocked,
    /// The caller may read but not send.
    Muted,
    /// The other one has blocked the caller or is blocked, or accepts no conversation with the caller. It does not say which.
    Unreachable,
    /// The caller is not staff of this business.
    NotStaff,
    /// The payload names another user as the acting one.
    IdentityMismatch(&'static str),
    /// The request comes from a page whose origin is not allowed.
    OriginRefused,
    /// The conversation does not exist, or the caller may not know of it.
    ConversationNotFound,
    /// The business does not exist.
    BusinessNotFound(String),
    /// The platform has said nothing of a thing of this type with this id.
    SubjectNotFound,
    /// The message does not exist, or the caller may not know of it.
    MessageNotFound,
    /// The user does not exist, or the caller may not know of them.
    UserNotFound(String),
    /// The user does not take part in the conversation.
    ParticipantNotFound,
    /// The conversation has no flow.
    FlowNotFound,
    /// There is no flow definition with this name and version.
    DefinitionNotFound(String),
    /// The deal's flow refuses it.
    Flow(flow::Refusal),
    /// There is no event with this id.
    EventNotFound,
    /// The caller has no notification with this id.
    NotificationNotFound,
    /// There is no such type of notifications.
    NotificationTypeNotFound {
        /// The type.
        name: String,
        /// The most similar one.
        near: Option<String>,
    },
    /// An event of the platform is not accepted.
    Event(EventProblem),
    /// The gateway has no order with this id.
    OrderNotFound,
    /// The deal asks for money, and the server has no gateway.
    PaymentsUnavailable,
    /// The path does not exist.
    RouteNotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The request contradicts something that exists already.
    Conflict(&'static str),
    /// The conversation is closed or archived.
    ConversationClosed,
    /// The conversation is in slow mode, and the caller has spoken a moment ago.
    SlowMode {
        /// Seconds until the caller may speak again, at least 1.
        retry_after: u64,
    },
    /// The request exceeds a size limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The body has a content encoding, such as gzip.
    EncodingNotSupported,
    /// The request is well formed but impossible.
    Unprocessable(&'static str),
    /// The search would have to read too much.
    SearchTooBroad,
    /// The server does not search.
    SearchUnavailable,
    /// The file does not exist, or the caller may not know of it.
    FileNotFound,
    /// The file is still uploaded or checked.
    FileNotReady,
    /// The file's check refused it.
    FileRefused(Unfit),
    /// The file was deleted.
    FileGone,
    /// The file would exceed what the user, or all users, may store.
    QuotaExceeded(&'static str),
    /// The link to a file has expired.
    LinkExpired,
    /// The part of a file does not begin where the file ends.
    UploadOffset {
        /// The bytes that the file has.
        offset: u64,
    },
    /// The part of a file has another checksum than its client said.
    ChecksumMismatch,
    /// The request is in another version of the protocol tus.
    TusVersion,
    /// The body must have this media type.
    MediaType(&'static str),
    /// The server stores no files.
    FilesUnavailable,
    /// The caller exceeds a rate limit.
    RateLimited {
        /// Seconds until the caller may try again, at least 1.
        retry_after: u64,
    },
    /// The server failed; the log has the cause under this id.
    Internal {
        /// The id.
        request_id: uuid::Uuid,
    },
    /// The server cannot do it now; nothing is wrong with the request.
    Unavailable(&'static str),
}

impl From<flow::Refusal> for Refusal {
    fn from(refusal: flow::Refusal) -> Self {
        match refusal {
            flow::Refusal::Invalid { field, reason } => Self::Invalid { field, reason },
            flow::Refusal::Forbidden(why) => Self::Forbidden(why),
            flow::Refusal::Unprocessable(why) => Self::Unprocessable(why),
            other => Self::Flow(other),
        }
    }
}

fn status_of(refusal: &flow::Refusal) -> u16 {
    match refusal {
        flow::Refusal::Invalid { .. } => 400,
        flow::Refusal::Forbidden(_) | flow::Refusal::ChatNotAllowed { .. } => 403,
        flow::Refusal::ActionNotFound(_) => 404,
        flow::Refusal::FlowStateInvalid(_) => 409,
        flow::Refusal::ActionNotAllowed(_) | flow::Refusal::Unprocessable(_) => 422,
    }
}

fn no_type(name: &str, near: Option<&str>) -> String {
    match near {
        Some(near) => format!("There is no type {name}; did you mean {near}?"),
        None => format!("There is no type {name}"),
    }
}

impl Refusal {
    /// A field that is missing or malformed.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// The same refusal, with the field's path inside another field.
    pub fn within(self, outer: &str) -> Self {
        match self {
            Self::Invalid { field, reason } => Self::invalid(format!("{outer}.{field}"), reason),
            other => other,
        }
    }

    /// The stable code and the HTTP status that go with it.
    pub fn code_and_status(&self) -> (&'static str, u16) {
        match self {
            Self::Invalid { .. } => ("INVALID_REQUEST", 400),
            Self::Unauthenticated(_) | Self::SignedOut(_) => ("UNAUTHENTICATED", 401),
            Self::Forbidden(_) => ("FORBIDDEN", 403),
            Self::NotAParticipant => ("NOT_A_PARTICIPANT", 403),
            Self::Blocked => ("BLOCKED", 403),
            Self::Muted => ("MUTED", 403),
            Self::Unreachable => ("UNREACHABLE", 403),
            Self::NotStaff => ("NOT_STAFF", 403),
            Self::IdentityMismatch(_) => ("IDENTITY_MISMATCH", 403),
            Self::OriginRefused => ("ORIGIN_REFUSED", 403),
            Self::ConversationNotFound => ("CONVERSATION_NOT_FOUND", 404),
            Self::BusinessNotFound(_) => ("BUSINESS_NOT_FOUND", 404),
            Self::SubjectNotFound => ("SUBJECT_NOT_FOUND", 404),
            Self::MessageNotFound => ("MESSAGE_NOT_FOUND", 404),
            Self::UserNotFound(_) => ("USER_NOT_FOUND", 404),
            Self::ParticipantNotFound => ("PARTICIPANT_NOT_FOUND", 404),
            Self::FlowNotFound => ("FLOW_NOT_FOUND", 404),
            Self::DefinitionNotFound(_) => ("FLOW_DEFINITION_NOT_FOUND", 404),
            Self::Flow(refusal) => (refusal.code(), status_of(refusal)),
            Self::EventNotFound => ("EVENT_NOT_FOUND", 404),
            Self::NotificationNotFound => ("NOTIFICATION_NOT_FOUND", 404),
            Self::NotificationTypeNotFound { .. } => ("NOTIFICATION_TYPE_NOT_FOUND", 404),
            Self::Event(problem) => problem.code_and_status(),
            Self::OrderNotFound => ("ORDER_NOT_FOUND", 404),
            Self::PaymentsUnavailable => ("PAYMENTS_UNAVAILABLE", 409),
            Self::RouteNotFound => ("ROUTE_NOT_FOUND", 404),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", 405),
            Self::Conflict(_) => ("CONFLICT", 409),
            Self::ConversationClosed => ("CONVERSATION_CLOSED", 409),
            Self::SlowMode { .. } => ("SLOW_MODE", 429),
            Self::TooLarge { .. } => ("TOO_LARGE", 413),
            Self::BodyTooSlow => ("BODY_TOO_SLOW", 408),
            Self::EncodingNotSupported => ("ENCODING_NOT_SUPPORTED", 415),
            Self::Unprocessable(_) => ("UNPROCESSABLE", 422),
            Self::SearchTooBroad => ("SEARCH_TOO_BROAD", 422),
            Self::SearchUnavailable => ("SEARCH_UNAVAILABLE", 409),
            Self::FileNotFound => ("FILE_NOT_FOUND", 404),
            Self::FileNotReady => ("FILE_NOT_READY", 409),
            Self::FileRefused(_) => ("FILE_REFUSED", 422),
            Self::FileGone => ("GONE", 410),
            Self::QuotaExceeded(_) => ("QUOTA_EXCEEDED", 429),
            Self::LinkExpired => ("LINK_EXPIRED", 403),
            Self::UploadOffset { .. } => ("UPLOAD_OFFSET", 409),
            Self::ChecksumMismatch => ("CHECKSUM_MISMATCH", 460),
            Self::TusVersion => ("TUS_VERSION", 412),
            Self::MediaType(_) => ("MEDIA_TYPE", 415),
            Self::FilesUnavailable => ("FILES_UNAVAILABLE", 409),
            Self::RateLimited { .. } => ("RATE_LIMITED", 429),
            Self::Internal { .. } => ("INTERNAL", 500),
            Self::Unavailable(_) => ("UNAVAILABLE", 503),
        }
    }

    /// The sentence that a person reads.
    pub fn message(&self) -> String {
        match self {
            Self::Invalid { field, reason } => format!("{field} {reason}"),
            Self::Unauthenticated(why)
            | Self::Forbidden(why)
            | Self::IdentityMismatch(why)
            | Self::Conflict(why)
            | Self::Unprocessable(why)
            | Self::QuotaExceeded(why)
            | Self::Unavailable(why) => (*why).to_owned(),
            Self::SignedOut(not_before) => {
                format!("You were signed out: a token needs an iat of {not_before} or later")
            }
            Self::NotAParticipant => "You are not a participant of this conversation".to_owned(),
            Self::Blocked => "You are blocked in this conversation".to_owned(),
            Self::Muted => "You are muted in this conversation".to_owned(),
            Self::OriginRefused => "Pages of this origin may not connect".to_owned(),
            Self::NotStaff => "You are not staff of this business".to_owned(),
            Self::Unreachable => "This user cannot be reached".to_owned(),
            Self::ConversationNotFound
            | Self::MessageNotFound
            | Self::EventNotFound
            | Self::NotificationNotFound
            | Self::OrderNotFound
            | Self::FileNotFound => format!("There is no such {}", self.what_is_missing()),
            Self::UserNotFound(id) => format!("There is no user {id}"),
            Self::BusinessNotFound(id) => format!("There is no business {id}"),
            Self::SubjectNotFound => "The platform has not described this subject".to_owned(),
            Self::ParticipantNotFound => NO_PARTICIPANT.to_owned(),
            Self::FlowNotFound => "This conversation has no flow".to_owned(),
            Self::DefinitionNotFound(name) => format!("There is no flow {name}"),
            Self::Flow(refusal) => refusal.message(),
            Self::PaymentsUnavailable => NO_PAYMENTS.to_owned(),
            Self::Event(problem) => problem.message(),
            Self::NotificationTypeNotFound { name, near } => no_type(name, near.as_deref()),
            Self::RouteNotFound => "There is nothing at this path".to_owned(),
            Self::MethodNotAllowed => "This path does not take this method".to_owned(),
            Self::SearchTooBroad => TOO_BROAD.to_owned(),
            Self::SearchUnavailable => NO_SEARCH.to_owned(),
            Self::FileNotReady => "The file is not ready yet".to_owned(),
            Self::FileRefused(unfit) => unfit.message().to_owned(),
            Self::FileGone => "The file has been deleted".to_owned(),
            Self::LinkExpired => "The link has expired: get a new one".to_owned(),
            Self::UploadOffset { offset } => format!("The file has {offset} bytes so far"),
            Self::ChecksumMismatch => "The part has another checksum: send it again".to_owned(),
            Self::TusVersion => "The header Tus-Resumable must be 1.0.0".to_owned(),
            Self::MediaType(wanted) => format!("The body must have the media type {wanted}"),
            Self::FilesUnavailable => "This server stores no files".to_owned(),
            Self::ConversationClosed => "This conversation is closed".to_owned(),
            Self::SlowMode { retry_after } => {
                format!("Slow mode: wait {retry_after} seconds before your next message")
            }
            Self::TooLarge { limit } => format!("Larger than the limit of {limit} bytes"),
            Self::BodyTooSlow => "The body of the request took too long to arrive".to_owned(),
            Self::EncodingNotSupported => "The body must be sent without Content-Encoding".into(),
            Self::Internal { .. } => "Something went wrong on our side".to_owned(),
            Self::RateLimited { .. } => "Too many requests: slow down".to_owned(),
        }
    }

    fn what_is_missing(&self) -> &'static str {
        match self {
            Self::ConversationNotFound => "conversation",
            Self::MessageNotFound => "message",
            Self::EventNotFound => "event",
            Self::NotificationNotFound => "notification",
            Self::OrderNotFound => "order",
            Self::FileNotFound => "file",
            _ => "thing",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::SlowMode { .. }
                | Self::Unavailable(_)
                | Self::BodyTooSlow
                | Self::FileNotReady
        )
    }

    /// The seconds of the `Retry-After` header; `None` if the refusal is not temporary.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after } | Self::SlowMode { retry_after } => {
                Some(*retry_after)
            }
            Self::Unavailable(_) | Self::BodyTooSlow | Self::FileNotReady => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_refusals_say_when_to_come_back() {
        for refusal in [
            Refusal::Unavailable("x"),
            Refusal::BodyTooSlow,
            Refusal::FileNotReady,
            Refusal::RateLimited { retry_after: 3 },
            Refusal::SlowMode { retry_after: 3 },
        ] {
            assert!(refusal.is_temporary() && refusal.retry_after().is_some());
        }
        assert!(!Refusal::Muted.is_temporary());
    }
}
