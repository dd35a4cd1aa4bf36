//! Which files somebody may see: their own, and those of messages that they may read.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use uuid::Uuid;

use super::{File, Row};
use crate::domain::access::{Privilege, Requester};
use crate::domain::file::FileId;
use crate::error::Error;
use crate::store::access::{
    is_seen, is_staffed_by, is_there, readers_past, readers_role, role_or_staff,
};
use crate::store::pool::explain;

// Raw SQL: the rule of who may read is in SQL. Each file is one lookup, each of its uses another.
const SEEN: &str = "
select f.no, f.id, f.owner_no, f.state, f.purpose, f.name, f.declared_type, f.type as media_type, f.size, f.received, f.sha256, f.refusal,
       f.created_at, f.expires_at, f.released_at, f.measures
from files f where f.id = any($1) and (f.owner_no = $2 or $3 or exists (
    select from file_uses u join messages m on m.conversation_no = u.conversation_no and m.seq = u.seq
        join conversations c on c.no = u.conversation_no
    where u.file_no = f.no and #there and (#role is not null or #staffed) and #admitted
))";

fn sql() -> String {
    let role = readers_role("u.conversation_no", "$2");
    let past = readers_past("u.conversation_no", "$2");
    let admitted = is_seen("m", &role_or_staff(&role), "$2", &past);
    SEEN.replace("#admitted", &admitted)
        .replace("#staffed", &is_staffed_by("c", "$2"))
        .replace("#there", &is_there("c"))
        .replace("#role", &role)
}

/// Those of the files that a user may see.
pub fn seen(
    connection: &mut PgConnection,
    ids: &[FileId],
    requester: Requester,
) -> Result<Vec<File>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sees_all = requester.roles.may(Privilege::OpenEveryConversation);
    diesel::sql_query(sql())
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<BigInt, _>(requester.no.0)
        .bind::<Bool, _>(sees_all)
        .load::<Row>(connection)
        .map_err(explain)?
        .into_iter()
        .map(File::try_from)
        .collect()
}
