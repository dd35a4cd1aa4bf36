//! The users whom a message mentions by their alias.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::SessionDeps;
use crate::domain::ids::UserId;
use crate::domain::mention::Mention;
use crate::domain::message::Content;
use crate::error::Error;
use crate::store::users;

impl SessionDeps {
    /// The content with the ids of those whom it mentions by an alias; those who are not known stay as they are, and the room refuses them.
    pub async fn with_ids_of_mentioned(
        &self,
        content: Arc<Content>,
    ) -> Result<Arc<Content>, Error> {
        let named: Vec<UserId> = content.mentions.iter().filter_map(user).cloned().collect();
        if named.is_empty() {
            return Ok(content);
        }
        let read = self.room.pool.run(move |connection| {
            let ids: Vec<&str> = named.iter().map(UserId::as_str).collect();
            users::find_all(connection, &ids)
        });
        let rows = read.await?;
        let mut content = Arc::unwrap_or_clone(content);
        for mention in &mut content.mentions {
            let alias = user(mention).map(UserId::as_str);
            let row = rows.iter().find(|row| row.alias.as_deref() == alias);
            if let (Some(_), Some(row)) = (alias, row) {
                *mention = Mention::User(UserId::stored(row.id.clone()));
            }
        }
        let mut seen = BTreeSet::new();
        content
            .mentions
            .retain(|mention| seen.insert(mention.clone()));
        Ok(Arc::new(content))
    }
}

fn user(mention: &Mention) -> Option<&UserId> {
    match mention {
        Mention::User(id) => Some(id),
        Mention::All | Mention::Role(_) => None,
    }
}
