//! Uploads in one request: the body is the file, or a form with the file in it.

use actix_web::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::Stream;
use std::sync::Arc;
use std::time::Duration;

use super::body::{Cut, PacedBody, UploadBody, drain};
use super::multipart;
use super::receiving::{Received, Receiver};
use crate::domain::file::{FileId, FileState, Purpose};
use crate::domain::file_name::FileName;
use crate::domain::ids::UserNo;
use crate::domain::limits;
use crate::domain::measures::Waveform;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::connection::SessionDeps;
use crate::edge::http::Failure;
use crate::error::Error;
use crate::store::files::uploading::{self, NewFile};
use crate::store::files::{self, File, dropping};

/// How long an upload waits for the check of its file before it is answered.
const CHECK_PATIENCE: Duration = Duration::from_secs(20);
/// How often the file is looked at meanwhile: another server may check it.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

const OVERTAKEN: Refusal = Refusal::Conflict("The file was deleted while it was uploaded");

/// What the query of an upload says of the file.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<Purpose>,
    /// How loud it is over time.
    pub waveform: Option<Waveform>,
}

impl SessionDeps {
    /// Receives a file in one request and waits a while for its check. The file is ready then, or still being checked.
    pub async fn upload(
        self: &Arc<Self>,
        owner: &Principal,
        described: Described,
        body: &UploadBody,
    ) -> Result<File, Failure> {
        self.files.objects()?;
        let limit = self.files.options.file_limit;
        // A form is a little longer than its file.
        let is_form = is_form(body);
        let announced = body.length().unwrap_or(limit);
        if !is_form && announced > limit || announced > limit.saturating_add(65_536) {
            return Err(too_long(limit).into());
        }
        if announced == 0 {
            return Err(Refusal::invalid("body", "must not be empty").into());
        }
        let announced = announced.min(limit);
        // The bytes are received in a task of their own, which sees its body end where this request is abandoned.
        let file = match is_form {
            false => {
                let declared = body.media_type().map(str::to_owned);
                let new = self.new_file(owner.no, described, declared, announced)?;
                let (deps, payload) = (Arc::clone(self), body_of(self, body));
                actix_rt::spawn(async move { deps.receive(new, payload).await })
            }
            true => {
                let form = multipart::read(body.headers(), body.take()).await?;
                let described = Described {
                    name: form.name.or(described.name),
                    purpose: form.purpose.or(described.purpose),
                    waveform: form.waveform.or(described.waveform),
                };
                let new = self.new_file(owner.no, described, form.media_type, announced)?;
                let deps = Arc::clone(self);
                let payload = PacedBody::new(form.file, self.room.clock.clone());
                let rest = form.form;
                actix_rt::spawn(async move {
                    let received = deps.receive(new, payload).await;
                    drop(rest);
                    received
                })
            }
        };
        let file = file.await.map_err(Error::internal)??;
        self.checked(file.id).await
    }

    pub(super) fn new_file(
        &self,
        owner: UserNo,
        described: Described,
        declared_type: Option<String>,
        size: u64,
    ) -> Result<NewFile, Refusal> {
        if let Some(declared) = &declared_type {
            limits::text(declared, "type", 255)?;
        }
        Ok(NewFile {
            id: FileId::fresh(),
            owner,
            purpose: described.purpose.unwrap_or(Purpose::Message),
            name: FileName::clean(&described.name.unwrap_or_default()),
            declared_type,
            size,
            waveform: described.waveform,
            keep: self.files.unsent(),
        })
    }

    /// Stores a file's bytes, and hands it over to its check. A file of which not all bytes come is dropped.
    async fn receive<S, E>(&self, new: NewFile, mut body: PacedBody<S>) -> Result<File, Failure>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let received = self.try_receive(new, &mut body).await;
        if received.is_err() {
            drain(body.rest()).await;
        }
        received
    }

    async fn try_receive<S, E>(
        &self,
        new: NewFile,
        body: &mut PacedBody<S>,
    ) -> Result<File, Failure>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let (pool, quotas) = (&self.room.pool, self.files.quotas());
        let begun = pool.run(move |connection| uploading::begin(connection, &new, quotas));
        let file = begun.await??;
        let receiver = self.receiver(&file, self.files.options.file_limit)?;
        let refusal = match receiver.receive(body).await {
            Ok(Received::Whole(0)) => Refusal::invalid("body", "must not be empty"),
            Ok(Received::Whole(_)) => {
                let no = file.no;
                let completed = pool.run(move |connection| uploading::complete(connection, no));
                match completed.await? {
                    true => {
                        self.files.jobs.notify();
                        return Ok(file);
                    }
                    false => return Err(OVERTAKEN.into()),
                }
            }
            Ok(Received::Cut(Cut::TooSlow)) => Refusal::BodyTooSlow,
            Ok(Received::Cut(Cut::Lost)) => Refusal::invalid("body", "ended too early"),
            Ok(Received::TooLong) => too_long(self.files.options.file_limit),
            Ok(Received::Overtaken | Received::Mismatch) => OVERTAKEN,
            Err(error) => {
                self.discard(&file).await;
                return Err(error.into());
            }
        };
        self.discard(&file).await;
        Err(refusal.into())
    }

    pub(super) fn receiver(&self, file: &File, most: u64) -> Result<Receiver, Refusal> {
        Ok(Receiver {
            objects: self.files.objects()?.clone(),
            pool: self.room.pool.clone(),
            blocks: Arc::clone(&self.files.blocks),
            clock: self.room.clock.clone(),
            file: file.clone(),
            most,
            checksum: None,
        })
    }

    /// Drops a file whose id no client knows. If that fails, it is dropped when it expires.
    async fn discard(&self, file: &File) {
        let (id, owner) = (file.id, file.owner);
        let pool = &self.room.pool;
        let discarded = pool.run(move |connection| dropping::discard(connection, id, owner));
        match discarded.await {
            Ok(_) => self.files.jobs.notify(),
            Err(error) => log::warn!(event = "upload_not_discarded", file_id:% = id; "{error}"),
        }
    }

    /// The file when it was checked, or as it is when that takes too long.
    pub(super) async fn checked(&self, id: FileId) -> Result<File, Failure> {
        let clock = &self.room.clock;
        let begun = clock.now();
        let mut signal = self.files.checked.listen();
        loop {
            signal.mark_seen();
            let found = self
                .room
                .pool
                .run(move |connection| files::find(connection, id));
            let file = found.await?.ok_or(Refusal::FileGone)?;
            match file.state {
                FileState::Ready => return Ok(file),
                FileState::Refused => {
                    let problem = file.state.problem(file.refusal);
                    return Err(problem.map_or(OVERTAKEN, Refusal::from).into());
                }
                FileState::Dropping | FileState::Gone => return Err(OVERTAKEN.into()),
                FileState::Uploading | FileState::Checking => {}
            }
            if clock.now().duration_since(begun) >= CHECK_PATIENCE {
                return Ok(file);
            }
            // It is looked at after a while in any case.
            let _late = tokio::time::timeout(CHECK_INTERVAL, signal.notified()).await;
        }
    }
}

fn body_of(deps: &SessionDeps, body: &UploadBody) -> PacedBody<actix_web::dev::Payload> {
    PacedBody::new(body.take(), deps.room.clock.clone())
}

fn is_form(body: &UploadBody) -> bool {
    let kind = body.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start()
        .to_ascii_lowercase()
        .starts_with("multipart/form-data")
}

pub(super) fn too_long(limit: u64) -> Refusal {
    Refusal::TooLarge {
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    }
}
