//! Businesses, their staff, and the conversations in which they support their customers.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text, Timestamptz};
use serde_json::Value;

use super::access::{as_staff, is_there};
use super::conversations::{ListedRow, complete, with_messages};
use super::pool::explain;
use super::schema::{business_staff as staff, businesses as table, users};
use super::unread::Tombstones;
use crate::domain::business::{Business, BusinessId, StaffChange, StaffMember, StaffRole};
use crate::domain::conversation::{Conversation, ConversationStatus};
use crate::domain::ids::{BusinessNo, UserId, UserNo};
use crate::domain::snapshot::Listed;
use crate::error::Error;

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Row {
    no: i64,
    id: String,
    name: String,
    zone: Option<String>,
    locale: Option<String>,
    settings: Value,
    settings_version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Business {
    fn from(row: Row) -> Self {
        Self {
            no: BusinessNo(row.no),
            id: BusinessId::stored(row.id),
            name: row.name,
            zone: row.zone,
            locale: row.locale,
            settings: row.settings,
            settings_version: row.settings_version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What the platform says of a business; `None` leaves a field.
#[derive(Clone, Debug)]
pub struct Described {
    /// The name to show.
    pub name: String,
    /// The time zone.
    pub zone: Option<String>,
    /// The language.
    pub locale: Option<String>,
    /// The platform's own object.
    pub settings: Option<Value>,
}

/// Makes a business, or brings it up to date.
pub fn put(
    connection: &mut PgConnection,
    id: &BusinessId,
    described: &Described,
) -> Result<Business, Error> {
    let Described {
        name,
        zone,
        locale,
        settings,
    } = described;
    connection.transaction(|connection| {
        diesel::insert_into(table::table)
            .values((
                table::id.eq(id.as_str()),
                table::name.eq(name),
                settings.as_ref().map(|it| table::settings.eq(it)),
            ))
            .on_conflict(table::id)
            .do_nothing()
            .execute(connection)
            .map_err(explain)?;
        let version = settings.as_ref().map(|settings| {
            let differs = diesel::dsl::case_when(
                table::settings.is_distinct_from(settings.clone()),
                table::settings_version + 1,
            );
            table::settings_version.eq(differs.otherwise(table::settings_version))
        });
        diesel::update(table::table.filter(table::id.eq(id.as_str())))
            .set((
                table::name.eq(name),
                zone.as_ref().map(|zone| table::zone.eq(zone)),
                locale.as_ref().map(|locale| table::locale.eq(locale)),
                settings.as_ref().map(|it| table::settings.eq(it)),
                version,
                table::updated_at.eq(now),
            ))
            .returning(Row::as_returning())
            .get_result(connection)
            .map(Business::from)
            .map_err(explain)
    })
}

/// A business.
pub fn find(connection: &mut PgConnection, id: &BusinessId) -> Result<Option<Business>, Error> {
    let found = table::table
        .filter(table::id.eq(id.as_str()))
        .select(Row::as_select())
        .first(connection);
    Ok(found.optional().map_err(explain)?.map(Business::from))
}

type MemberColumns = (
    i64,
    String,
    Option<String>,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
);

fn member((user, role, display_name, changed_at, removed_at): MemberColumns) -> StaffMember {
    let role = StaffRole::named(&role).filter(|_| removed_at.is_none());
    StaffMember {
        user: UserNo(user),
        role,
        display_name,
        changed_at,
    }
}

#[diesel::dsl::auto_type]
fn member_columns() -> _ {
    (
        staff::user_no,
        staff::role,
        staff::display_name,
        staff::changed_at,
        staff::removed_at,
    )
}

/// All who are or were staff of the business whose support a conversation is.
pub(super) fn staff_of(
    connection: &mut PgConnection,
    conversation: &Conversation,
) -> Result<Vec<StaffMember>, Error> {
    let Some(business) = conversation.staffed_by() else {
        return Ok(Vec::new());
    };
    let found = staff::table
        .filter(staff::business_no.eq(business.0))
        .select(member_columns())
        .load::<MemberColumns>(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(member).collect())
}

/// What a user does for the business whose support a conversation is; `None` if nothing.
pub fn role_in(
    connection: &mut PgConnection,
    conversation: &Conversation,
    user: UserNo,
) -> Result<Option<StaffRole>, Error> {
    match conversation.staffed_by() {
        Some(business) => role_of(connection, business, user),
        None => Ok(None),
    }
}

/// What a user does for a business; `None` if nothing.
pub fn role_of(
    connection: &mut PgConnection,
    business: BusinessNo,
    user: UserNo,
) -> Result<Option<StaffRole>, Error> {
    let found = staff::table
        .find((business.0, user.0))
        .select(member_columns())
        .first::<MemberColumns>(connection)
        .optional()
        .map_err(explain)?;
    Ok(found.and_then(|row| member(row).role))
}

/// Somebody in the list of a business's staff.
#[derive(Clone, Debug)]
pub struct ListedMember {
    /// The platform's id.
    pub id: UserId,
    /// The platform's name.
    pub name: Option<String>,
    /// The member.
    pub member: StaffMember,
    /// Since when.
    pub added_at: DateTime<Utc>,
}

/// The staff of a business, those who came first before the others.
pub fn staff(
    connection: &mut PgConnection,
    business: BusinessNo,
) -> Result<Vec<ListedMember>, Error> {
    type Columns = (MemberColumns, DateTime<Utc>, String, Option<String>);
    let found: Vec<Columns> = staff::table
        .inner_join(users::table.on(users::no.eq(staff::user_no)))
        .filter(staff::business_no.eq(business.0))
        .filter(staff::removed_at.is_null())
        .order((staff::added_at, staff::user_no))
        .select((member_columns(), staff::added_at, users::id, users::name))
        .load(connection)
        .map_err(explain)?;
    let listed = |(columns, added_at, id, name)| ListedMember {
        id: UserId::stored(id),
        name,
        member: member(columns),
        added_at,
    };
    Ok(found.into_iter().map(listed).collect())
}

/// The businesses for which a user works, by their ids.
pub fn of_user(
    connection: &mut PgConnection,
    user: UserNo,
) -> Result<Vec<(Business, StaffRole)>, Error> {
    let found: Vec<(Row, String)> = staff::table
        .inner_join(table::table.on(table::no.eq(staff::business_no)))
        .filter(staff::user_no.eq(user.0))
        .filter(staff::removed_at.is_null())
        .order(table::id)
        .select((Row::as_select(), staff::role))
        .load(connection)
        .map_err(explain)?;
    let pair = |(row, role): (Row, String)| Some((row.into(), StaffRole::named(&role)?));
    Ok(found.into_iter().filter_map(pair).collect())
}

/// Makes a user staff of a business, gives them another role or name, or ends it with the role `None`. The business's row is locked, so
/// that two changes cannot both spare the last owner.
pub fn set_staff(
    connection: &mut PgConnection,
    business: BusinessNo,
    user: UserNo,
    wanted: (Option<StaffRole>, Option<&str>),
    permit: impl FnOnce(&mut PgConnection, Option<StaffRole>) -> Result<(), Error>,
) -> Result<StaffMember, Error> {
    use diesel::dsl::sql;
    let (role, display_name) = wanted;
    // The moment of the change itself: a transaction that waited has begun earlier.
    let changed = || sql::<Timestamptz>("clock_timestamp()");
    connection.transaction(|connection| {
        table::table
            .find(business.0)
            .select(table::no)
            .for_update()
            .get_result::<i64>(connection)
            .map_err(explain)?;
        let before = role_of(connection, business, user)?;
        permit(connection, before)?;
        let Some(role) = role else {
            let row = staff::table.find((business.0, user.0));
            return diesel::update(row)
                .set((
                    staff::removed_at.eq(sql::<Nullable<Timestamptz>>("clock_timestamp()")),
                    staff::changed_at.eq(changed()),
                ))
                .returning(member_columns())
                .get_result::<MemberColumns>(connection)
                .map(member)
                .map_err(explain);
        };
        diesel::insert_into(staff::table)
            .values((
                staff::business_no.eq(business.0),
                staff::user_no.eq(user.0),
                staff::role.eq(role.name()),
                staff::display_name.eq(display_name),
            ))
            .on_conflict((staff::business_no, staff::user_no))
            .do_update()
            .set((
                staff::role.eq(role.name()),
                display_name.map(|name| staff::display_name.eq(name)),
                staff::removed_at.eq(None::<DateTime<Utc>>),
                staff::changed_at.eq(changed()),
            ))
            .returning(member_columns())
            .get_result::<MemberColumns>(connection)
            .map(member)
            .map_err(explain)
    })
}

/// How many owners a business has.
pub fn owners(connection: &mut PgConnection, business: BusinessNo) -> Result<i64, Error> {
    staff::table
        .filter(staff::business_no.eq(business.0))
        .filter(staff::role.eq(StaffRole::Owner.name()))
        .filter(staff::removed_at.is_null())
        .count()
        .get_result(connection)
        .map_err(explain)
}

/// The changes of staff of the last `seconds` seconds, on any server, in their order.
pub fn recent_changes(
    connection: &mut PgConnection,
    seconds: f64,
) -> Result<Vec<StaffChange>, Error> {
    let since = diesel::dsl::sql::<Timestamptz>("now() - make_interval(secs => ")
        .bind::<Double, _>(seconds)
        .sql(")");
    let found: Vec<(i64, MemberColumns)> = staff::table
        .filter(staff::changed_at.gt(since))
        .order(staff::changed_at)
        .select((staff::business_no, member_columns()))
        .load(connection)
        .map_err(explain)?;
    let change = |(business, columns)| StaffChange {
        business: BusinessNo(business),
        member: member(columns),
    };
    Ok(found.into_iter().map(change).collect())
}

/// A page of the conversations in which a business supports its customers, most recently changed first, as its staff see them.
// Raw SQL: as a user's list, it limits the page first; it scans the business's conversations by index.
pub fn conversations(
    connection: &mut PgConnection,
    business: BusinessNo,
    reader: UserNo,
    status: Option<ConversationStatus>,
    cursor: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let (columns, messages) = (as_staff("c", "$2"), with_messages(Tombstones::Shown));
    let is_there = is_there("c");
    let rows: Vec<ListedRow> = diesel::sql_query(format!(
        "with cut as (
            select c.no as conversation_no, c.updated_at, c.last_seq, {columns}
            from business_conversations b join conversations c on c.no = b.conversation_no
            where b.business_no = $1 and c.kind = 'support' and {is_there} and ($3 is null or c.status = $3)
                and ($4 is null or (b.updated_at, b.conversation_no) < ($4, $5))
            order by b.updated_at desc, b.conversation_no desc limit $6
        ), {messages}"
    ))
    .bind::<BigInt, _>(business.0)
    .bind::<BigInt, _>(reader.0)
    .bind::<Nullable<Text>, _>(status.map(ConversationStatus::name))
    .bind::<Nullable<Timestamptz>, _>(cursor.map(|(at, _)| at))
    .bind::<BigInt, _>(cursor.map_or(0, |(_, no)| no))
    .bind::<BigInt, _>(limit)
    .load(connection)
    .map_err(explain)?;
    complete(connection, reader, rows)
}
