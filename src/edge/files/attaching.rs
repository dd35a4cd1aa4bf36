//! The files of a message that is to be sent: what it shows of them is read before it goes to its room.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::attachment::{Attachment, Source};
use crate::domain::file::{FileId, FileProblem};
use crate::domain::ids::UserNo;
use crate::domain::media_hosts;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::connection::SessionDeps;
use crate::error::Error;
use crate::store::files::{self, File};

impl SessionDeps {
    /// Refuses files on hosts that the platform does not allow.
    pub fn check_hosts(&self, content: &Content) -> Result<(), Refusal> {
        let hosts = &self.files.media_hosts;
        let mut attachments = content.attachments.iter().enumerate();
        attachments.try_for_each(|(index, attachment)| match attachment.url() {
            Some(url) => media_hosts::check(url, hosts, format!("attachments[{index}].url")),
            None => Ok(()),
        })
    }

    /// The content with the ids of whom it mentions by an alias, and with what it shows of its files, which one of these users must have
    /// uploaded. Files that cannot be sent stay in it: the room may refuse the message for another reason, or find that it was sent before.
    pub async fn attach(
        &self,
        content: Arc<Content>,
        owners: &[UserNo],
    ) -> Result<Arc<Content>, Error> {
        let content = self.with_ids_of_mentioned(content).await?;
        if content.forwards().is_some() {
            // Its files are those of a message that its sender sees.
            return Ok(content);
        }
        self.check_hosts(&content)?;
        let ids: Vec<FileId> = content.files().collect();
        if ids.is_empty() {
            return Ok(content);
        }
        let owners = owners.to_vec();
        let owned = self
            .room
            .pool
            .run(move |connection| files::owned(connection, &ids, &owners));
        let owned = owned.await?.into_iter().map(|file| (file.id, file));
        let owned: HashMap<FileId, File> = owned.collect();
        let mut content = Arc::unwrap_or_clone(content);
        for attachment in &mut content.attachments {
            if let Some(id) = attachment.file() {
                *attachment = attached(id, owned.get(&id));
            }
        }
        Ok(Arc::new(content))
    }
}

/// What a message shows of a file.
fn attached(id: FileId, file: Option<&File>) -> Attachment {
    let problem = file.map_or(Some(FileProblem::Missing), |file| {
        file.state.problem(file.refusal)
    });
    let source = match problem {
        None => Source::File(id),
        Some(problem) => Source::Unusable(id, problem),
    };
    let shown = file.filter(|_| problem.is_none());
    Attachment {
        source,
        name: shown.map(|file| file.name.to_string()),
        media_type: shown.and_then(|file| file.media_type.clone()),
        size: shown.map(|file| file.size),
        measures: shown.map(|file| file.measures.clone()).unwrap_or_default(),
    }
}
