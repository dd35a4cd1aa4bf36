//! Files of people at the edge: uploads, downloads, and the files of messages.

mod attaching;
mod body;
mod checksum;
mod disposition;
mod multipart;
mod range;
mod receiving;
mod resuming;
pub mod serving;
pub mod tus;
mod uploads;
pub mod view;

pub use body::UploadBody;
pub use uploads::Described;

use clock::Clock;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

use crate::config::{Config, FileOptions};
use crate::domain::file::FileId;
use crate::domain::refusal::Refusal;
use crate::edge::links::Links;
use crate::job_signal::JobSignal;
use crate::objects::Objects;
use crate::store::files::uploading::Quotas;
use serving::Served;

/// Bytes of one block of the buffers of uploads.
const BLOCK_BYTES: usize = 65_536;
/// Blocks of all uploads together: 64 MiB.
const BLOCKS: usize = 1_024;
/// Files of which downloads remember what they are.
const REMEMBERED: usize = 10_000;

/// What uploads and downloads work with.
pub struct Files {
    /// The store of files' bytes; `None` if files are off.
    objects: Option<Objects>,
    /// Links to files.
    pub links: Arc<Links>,
    options: FileOptions,
    /// Hosts that files of messages may be on which are stored elsewhere.
    media_hosts: Vec<String>,
    /// Wakes those who wait for the check of a file.
    checked: JobSignal,
    /// Wakes the runner of jobs.
    jobs: JobSignal,
    /// One permit for each block.
    blocks: Arc<Semaphore>,
    /// What was served lately, and when it was looked up.
    served: Cache<FileId, (Instant, Arc<Served>)>,
    clock: Clock,
}

impl Files {
    /// With these options. `jobs` wakes the runner of jobs.
    pub fn new(
        config: &Config,
        objects: Option<Objects>,
        links: Arc<Links>,
        jobs: JobSignal,
        clock: Clock,
    ) -> Self {
        Self {
            objects,
            links,
            options: config.files.clone(),
            media_hosts: config.dialects.media_hosts.clone(),
            checked: JobSignal::default(),
            jobs,
            blocks: Arc::new(Semaphore::new(BLOCKS)),
            served: Cache::new(REMEMBERED),
            clock,
        }
    }

    /// What jobs about files need: the store, and the signal that a file was checked.
    pub fn for_jobs(&self) -> (Option<Objects>, JobSignal) {
        (self.objects.clone(), self.checked.clone())
    }

    fn objects(&self) -> Result<&Objects, Refusal> {
        self.objects.as_ref().ok_or(Refusal::FilesUnavailable)
    }

    fn quotas(&self) -> Quotas {
        Quotas {
            a_day: self.options.files_per_day,
            a_user: self.options.files_per_user,
            in_all: self.options.files_total,
            open: self.options.uploads_per_user,
        }
    }

    /// How long a file is kept that is not sent.
    fn unsent(&self) -> Duration {
        Duration::from_secs(3_600 * u64::from(self.options.unsent_file_hours))
    }
}

/// What links to files begin with.
pub fn base_of_links(config: &Config) -> String {
    let own = config.files.files_origin.as_ref().map(ToString::to_string);
    let public = config.payments.public_url.clone();
    let base = own.or(public).unwrap_or_default();
    base.trim_end_matches('/').to_owned()
}
