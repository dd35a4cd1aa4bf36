//! The access rule of `domain::access` in SQL. No other file compares the columns that it is made of.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::{blocks, messages};
use crate::domain::access::Privilege;
use crate::domain::flow::STAFF;
use crate::domain::principal::Roles;
use crate::domain::snapshot::Reader;

/// SQL of `Participant::takes_part`: whether others see this participant, blocked or not. `who` is a row of
/// `participants`.
pub(super) fn takes_part(who: &str) -> String {
    format!("{who}.membership = 'present'")
}

/// SQL of `Participant::may_read`. `who` is a row of `participants`.
pub(super) fn may_read(who: &str) -> String {
    let takes_part = takes_part(who);
    format!("{takes_part} and not {who}.blocked")
}

/// SQL of `Access::role`: the role of a user who may read as a participant, otherwise null.
// A scalar subquery, which the planner cannot turn into a join.
pub(super) fn readers_role(conversation: &str, user: &str) -> String {
    let may_read = may_read("p");
    format!(
        "(select p.role from participants p where p.conversation_no = {conversation} and p.user_no = {user} and {may_read})"
    )
}

/// SQL of `Reader::sees_from`: the seq after which a user who may read as a participant sees messages, otherwise 0.
pub(super) fn readers_past(conversation: &str, user: &str) -> String {
    let may_read = may_read("p");
    format!(
        "coalesce((select p.sees_from from participants p where p.conversation_no = {conversation} and p.user_no = {user} and {may_read}), 0)"
    )
}

/// Whether a conversation is there: one that was deleted is there for nobody.
pub(super) fn is_there(conversation: &str) -> String {
    format!("{conversation}.deleted_at is null")
}

/// SQL: whether a user is staff of the business whose support a conversation is.
pub(super) fn is_staffed_by(conversation: &str, user: &str) -> String {
    format!(
        "({conversation}.kind = 'support' and exists (
            select from business_staff s where s.business_no = {conversation}.business_no and s.user_no = {user} and s.removed_at is null
        ))"
    )
}

/// SQL: the columns of a page's row for staff of a business: they read with their own role and history where they take part, otherwise as
/// staff, and everything counts as read.
pub(super) fn as_staff(conversation: &str, user: &str) -> String {
    let number = format!("{conversation}.no");
    let (role, past) = (
        role_or_staff(&readers_role(&number, user)),
        readers_past(&number, user),
    );
    format!(
        "{role} as role, {user} as user_no, {past} as sees_from, {conversation}.last_seq as read_to, {conversation}.last_seq as threads_seq"
    )
}

/// The role for comparison with an audience: the reader's own role, or the role of staff if it is null.
pub(super) fn role_or_staff(role: &str) -> String {
    format!("coalesce({role}, '{STAFF}')")
}

/// The role for comparison with an audience of a user who does not participate; `None` if the token gives no
/// access.
pub(super) fn role_outside(roles: Roles) -> Option<&'static str> {
    let opens = roles.may(Privilege::OpenEveryConversation);
    opens.then_some(STAFF)
}

/// SQL of `Audience::admits`: whether a reader with this role and number may see the message `m`.
pub(super) fn is_for(message: &str, role: &str, user: &str) -> String {
    format!(
        "({message}.audience_role is null or {message}.audience_role = {role})
            and ({message}.audience_user_no is null or {message}.audience_user_no = {user})"
    )
}

/// SQL of `Sight::sees_seq`: whether somebody who sees changes after a seq sees the one with this seq.
pub(super) fn sees_seq(seq: &str, sees_from: &str) -> String {
    format!("{seq} > {sees_from}")
}

/// SQL of `Sight::sees`: whether a reader with this role and number, who sees messages after a seq, sees the message.
pub(super) fn is_seen(message: &str, role: &str, user: &str, sees_from: &str) -> String {
    let is_for = is_for(message, role, user);
    let sees_seq = sees_seq(&format!("{message}.seq"), sees_from);
    format!("{is_for} and {sees_seq}")
}

/// Whether a message has no audience.
pub(super) fn is_for_everybody(message: &str) -> String {
    format!("{message}.audience_role is null and {message}.audience_user_no is null")
}

/// SQL of `ReaderBlocks::is_unwanted`, negated: whether a user has not blocked the sender of a message or document. `user`
/// does not depend on the row, so the blocked users are read once and not for each row.
pub(super) fn is_wanted(message: &str, user: &str) -> String {
    format!(
        "{message}.sender_no <> all(array(select blocked_no from blocks where blocker_no = {user}))"
    )
}

/// `is_wanted` of `messages`, for Diesel queries.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn wanted_by(reader: i64) -> _ {
    messages::sender_no.ne_all(
        blocks::table
            .filter(blocks::blocker_no.eq(reader))
            .select(blocks::blocked_no),
    )
}

/// SQL of `ReaderBlocks::hides`: whether one of two users has blocked the other.
pub(super) fn have_blocked(one: &str, other: &str) -> String {
    format!(
        "(exists (select from blocks where blocker_no = {one} and blocked_no = {other})
            or exists (select from blocks where blocker_no = {other} and blocked_no = {one}))"
    )
}

/// SQL of `Acquainted::Met`: whether two users may read the same conversation.
pub(super) fn have_met(one: &str, other: &str) -> String {
    let (one_reads, other_reads) = (may_read("p"), may_read("o"));
    format!(
        "exists (select from participants p join participants o on o.conversation_no = p.conversation_no
            where p.user_no = {one} and o.user_no = {other} and {one_reads} and {other_reads})"
    )
}

/// `takes_part` for Diesel queries, of a row with this alias.
pub(super) fn who_takes_part(who: &str) -> SqlLiteral<Bool> {
    sql(&takes_part(who))
}

/// `may_read` for Diesel queries, of a row with this alias.
pub(super) fn who_may_read(who: &str) -> SqlLiteral<Bool> {
    sql(&may_read(who))
}

/// `is_there` for Diesel queries.
pub(super) fn that_is_there() -> SqlLiteral<Bool> {
    sql(&is_there("conversations"))
}

/// `is_seen` for Diesel queries.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn visible_to(reader: i64, role: String, sees_from: i64) -> _ {
    messages::audience_role
        .is_null()
        .or(messages::audience_role.eq(role))
        .and(
            messages::audience_user_no
                .is_null()
                .or(messages::audience_user_no.eq(reader)),
        )
        .and(messages::seq.gt(sees_from))
}

/// The role for comparison with an audience; staff who do not participate have the role of staff.
pub(super) fn role_or_none(reader: &Reader) -> String {
    reader.role.clone().unwrap_or_else(|| STAFF.to_owned())
}
