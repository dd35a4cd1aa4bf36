//! Resumable uploads: a file begins, its parts are appended in as many requests as it takes, on any server.

use std::sync::Arc;

use super::body::{Cut, PacedBody, UploadBody, drain};
use super::checksum::Checksum;
use super::receiving::Received;
use super::tus;
use super::uploads::too_long;
use crate::domain::file::{FileId, FileState};
use crate::domain::ids::UserNo;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::connection::SessionDeps;
use crate::edge::http::Failure;
use crate::error::Error;
use crate::store::files::{self, File, uploading};

impl SessionDeps {
    /// Begins a resumable upload. The body of the request may be the beginning of the file.
    pub async fn begin_upload(
        self: &Arc<Self>,
        owner: &Principal,
        body: &UploadBody,
    ) -> Result<File, Failure> {
        self.files.objects()?;
        let creation = tus::creation(body.headers())?;
        let limit = self.files.options.file_limit;
        if creation.length > limit {
            return Err(too_long(limit).into());
        }
        let (described, kind) = (creation.described, creation.media_type);
        let new = self.new_file(owner.no, described, kind, creation.length)?;
        let quotas = self.files.quotas();
        let pool = &self.room.pool;
        let begun = pool.run(move |connection| uploading::begin(connection, &new, quotas));
        let file = begun.await??;
        match creation.has_part {
            true => self.append(file, body).await,
            false => Ok(file),
        }
    }

    /// Appends a part to a file. Answers the file as it is then.
    pub async fn append_part(
        self: &Arc<Self>,
        owner: UserNo,
        id: FileId,
        body: &UploadBody,
    ) -> Result<File, Failure> {
        self.files.objects()?;
        let file = self.own_upload(owner, id).await?;
        let offset = tus::offset_of_part(body.headers())?;
        match file.state {
            FileState::Uploading => {}
            FileState::Dropping | FileState::Gone => return Err(Refusal::FileGone.into()),
            FileState::Checking | FileState::Ready | FileState::Refused => {
                return Err(Refusal::UploadOffset { offset: file.size }.into());
            }
        }
        if file.expires_at <= self.room.pool.clock().now() {
            return Err(Refusal::FileGone.into());
        }
        if offset != file.received {
            let offset = file.received;
            return Err(Refusal::UploadOffset { offset }.into());
        }
        self.append(file, body).await
    }

    /// Waits a while for the check of a file whose bytes have all come. The file is ready then, or still being checked.
    pub async fn complete_upload(&self, owner: UserNo, id: FileId) -> Result<File, Failure> {
        let file = self.own_upload(owner, id).await?;
        match file.state {
            FileState::Uploading => {
                let offset = file.received;
                Err(Refusal::UploadOffset { offset }.into())
            }
            FileState::Dropping | FileState::Gone => Err(Refusal::FileGone.into()),
            FileState::Checking | FileState::Ready | FileState::Refused => self.checked(id).await,
        }
    }

    /// A file of this user.
    pub async fn own_upload(&self, owner: UserNo, id: FileId) -> Result<File, Failure> {
        let found = self
            .room
            .pool
            .run(move |connection| files::owned(connection, &[id], &[owner]));
        Ok(found.await?.pop().ok_or(Refusal::FileNotFound)?)
    }

    /// Appends the body of a request. What came is kept when its connection is lost.
    async fn append(self: &Arc<Self>, file: File, body: &UploadBody) -> Result<File, Failure> {
        let mut receiver = self.receiver(&file, file.size)?;
        let checksum = body.headers().get("upload-checksum");
        if let Some(header) = checksum {
            receiver.checksum = Some(Checksum::parse(header.to_str().unwrap_or_default())?);
        }
        let mut payload = PacedBody::new(body.take(), self.room.clock.clone());
        // A task of its own sees the body end where this request is abandoned, and stores what came.
        let received = actix_rt::spawn(async move {
            let received = receiver.receive(&mut payload).await;
            if !matches!(received, Ok(Received::Whole(_))) {
                drain(payload.rest()).await;
            }
            received
        });
        let received = received.await.map_err(Error::internal)??;
        match received {
            Received::Whole(length) => self.complete_if_whole(file, length).await,
            Received::Cut(Cut::TooSlow) => Err(Refusal::BodyTooSlow.into()),
            Received::Cut(Cut::Lost) => Err(Refusal::invalid("body", "ended too early").into()),
            Received::TooLong => Err(too_long(file.size).into()),
            Received::Mismatch => Err(Refusal::ChecksumMismatch.into()),
            Received::Overtaken => {
                let file = self.own_upload(file.owner, file.id).await?;
                let offset = file.received;
                Err(Refusal::UploadOffset { offset }.into())
            }
        }
    }

    /// Hands a file over to its check if it has all its bytes.
    async fn complete_if_whole(&self, file: File, length: u64) -> Result<File, Failure> {
        let no = file.no;
        if length == file.size {
            let pool = &self.room.pool;
            let completed = pool.run(move |connection| uploading::complete(connection, no));
            if completed.await? {
                self.files.jobs.notify();
            }
        }
        Ok(File {
            received: length,
            ..file
        })
    }
}
