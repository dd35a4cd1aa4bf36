//! The store of files' bytes: objects with a key and a content that never changes.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    BackoffConfig, GetOptions, GetRange, GetResultPayload, MultipartUpload, ObjectStore,
    ObjectStoreExt, PutPayload, RetryConfig,
};
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::config::{Config, FileStore};
use crate::error::Error;

/// Bytes that are read from an object at a time.
const READ_BYTES: usize = 65_536;
/// Bytes of an object that are written at a time; object stores ask for at least 5 MiB.
const WRITE_BYTES: usize = 8 * 1024 * 1024;
/// How long storing one object, or one part of it, may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key of an object. It is made of ids and fixed words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A piece of a file that is uploaded: the file's id, and the number of the piece.
    pub fn piece(file: uuid::Uuid, piece: i64) -> Self {
        Self(format!("uploads/{file}/{piece}"))
    }

    /// A file, or what was made of it, by its name.
    pub fn variant(file: uuid::Uuid, name: &str) -> Self {
        Self(format!("files/{file}/{name}"))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A store of objects. Cheap to clone.
#[derive(Clone)]
pub struct Objects(Arc<Inner>);

struct Inner {
    store: Store,
    /// Where files are put together.
    spool: PathBuf,
}

enum Store {
    /// A folder. It is opened on first use, so that a server whose users store no files makes no folder.
    Folder(PathBuf, OnceLock<LocalFileSystem>),
    /// A bucket, in which all keys begin with this.
    Bucket(Box<AmazonS3>, String),
}

impl Objects {
    /// The store that the options name; `None` if files are off. Fails with a sentence that says what to do.
    pub fn open(config: &Config) -> Result<Option<Self>, String> {
        let data = config.data_folder().join("files");
        let of_folder = |folder: PathBuf| Inner {
            spool: folder.join("spool"),
            store: Store::Folder(folder, OnceLock::new()),
        };
        let inner = match &config.files.files {
            FileStore::Off => return Ok(None),
            FileStore::DataFolder => of_folder(data),
            FileStore::Folder(folder) => of_folder(folder.clone()),
            FileStore::Bucket { name, prefix } => Inner {
                store: Store::Bucket(Box::new(bucket(name, config)?), prefix.clone()),
                spool: data.join("spool"),
            },
        };
        let objects = Self(Arc::new(inner));
        if let FileStore::Folder(_) = config.files.files {
            let opened = objects.store();
            opened.map_err(|error| {
                format!("Files cannot be stored: {error}. Choose another folder with --files local:FOLDER, or --files off.")
            })?;
        }
        Ok(Some(objects))
    }

    fn store(&self) -> Result<&dyn ObjectStore, Error> {
        let (folder, opened) = match &self.0.store {
            Store::Bucket(bucket, _) => return Ok(bucket.as_ref()),
            Store::Folder(folder, opened) => (folder, opened),
        };
        if let Some(store) = opened.get() {
            return Ok(store);
        }
        let failed =
            |error: &dyn fmt::Display| Error::internal(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
        let store = store.with_automatic_cleanup(true).with_fsync(true);
        Ok(opened.get_or_init(|| store))
    }

    fn path(&self, key: &Key) -> ObjectPath {
        match &self.0.store {
            Store::Bucket(_, prefix) => ObjectPath::from(format!("{prefix}/{key}")),
            Store::Folder(..) => ObjectPath::from(key.0.as_str()),
        }
    }

    /// Stores an object that is in memory.
    pub async fn put(&self, key: &Key, content: Vec<Bytes>) -> Result<(), Error> {
        let payload = PutPayload::from_iter(content);
        let path = self.path(key);
        let stored = self.store()?.put(&path, payload);
        in_time(stored).await?;
        self.clear_staged(key).await
    }

    /// Stores the content of a file of this machine, from its beginning.
    pub async fn put_file(&self, key: &Key, file: File, size: u64) -> Result<(), Error> {
        if size <= WRITE_BYTES as u64 {
            let content = blocking(move || read_part(&file, 0, size)).await?;
            return self.put(key, vec![content.into()]).await;
        }
        let path = self.path(key);
        let mut upload = in_time(self.store()?.put_multipart(&path)).await?;
        let written = write_parts(upload.as_mut(), file, size).await;
        if written.is_err() {
            // What was written of it is not kept; what cannot be deleted now, the bucket deletes by a rule of its own.
            let _kept = in_time(upload.abort()).await;
        }
        written?;
        self.clear_staged(key).await
    }

    /// A whole object. It must be small.
    pub async fn get(&self, key: &Key) -> Result<Bytes, Error> {
        let path = self.path(key);
        let found = in_time(self.store()?.get(&path)).await?;
        in_time(found.bytes()).await
    }

    /// These bytes of an object, in chunks.
    pub async fn read(
        &self,
        key: &Key,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            ..GetOptions::default()
        };
        let path = self.path(key);
        let found = in_time(self.store()?.get_opts(&path, options)).await?;
        Ok(match found.payload {
            GetResultPayload::File(file, _) => chunks(file, found.range),
            GetResultPayload::Stream(stream) => stream.map_err(Error::internal).boxed(),
        })
    }

    /// Deletes an object. One that is not there is deleted.
    pub async fn delete(&self, key: &Key) -> Result<(), Error> {
        let path = self.path(key);
        let deleted = tokio::time::timeout(PATIENCE, self.store()?.delete(&path)).await;
        match deleted.map_err(Error::internal)? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => self.clear_staged(key).await,
            Err(error) => Err(Error::internal(error)),
        }
    }

    /// A file of this machine that has no name any more: it is gone when it is closed.
    pub async fn nameless_file(&self) -> Result<File, Error> {
        let folder = self.0.spool.clone();
        blocking(move || {
            std::fs::create_dir_all(&folder)?;
            let path = folder.join(uuid::Uuid::now_v7().to_string());
            let file = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)?;
            std::fs::remove_file(path)?;
            Ok(file)
        })
        .await
    }

    /// Deletes what an interrupted write of an object has left: files beside it with a `#` and a number after its name.
    async fn clear_staged(&self, key: &Key) -> Result<(), Error> {
        let Store::Folder(folder, _) = &self.0.store else {
            return Ok(());
        };
        let path = folder.join(&key.0);
        blocking(move || clear_staged(&path)).await
    }
}

/// Writes the content of a file, from its beginning, in parts.
async fn write_parts(
    upload: &mut dyn MultipartUpload,
    mut file: File,
    size: u64,
) -> Result<(), Error> {
    let mut at = 0;
    while at < size {
        let end = size.min(at + WRITE_BYTES as u64);
        let (part, same) = blocking(move || Ok((read_part(&file, at, end)?, file))).await?;
        (file, at) = (same, end);
        in_time(upload.put_part(part.into())).await?;
    }
    in_time(upload.complete()).await.map(drop)
}

fn read_part(file: &File, start: u64, end: u64) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(end - start).map_err(std::io::Error::other)?;
    let mut part = vec![0; length];
    file.read_exact_at(&mut part, start)?;
    Ok(part)
}

/// Requests are repeated while the store is away, until the patience ends.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 60,
        retry_timeout: PATIENCE,
    }
}

/// A bucket of S3, or of a store that speaks its protocol.
fn bucket(name: &str, config: &Config) -> Result<AmazonS3, String> {
    let options = &config.files;
    let (key, secret) = options.bucket_key()?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&options.s3_region)
        .with_access_key_id(key)
        .with_secret_access_key(&secret.0)
        .with_retry(retries());
    if let Some(endpoint) = &options.s3_endpoint {
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    builder
        .build()
        .map_err(|error| format!("The bucket of --files cannot be used: {error}"))
}

fn clear_staged(path: &Path) -> std::io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let begins = format!("{}#", name.to_string_lossy());
    let (mut left, mut removed) = (0, 0);
    for entry in entries {
        let entry = entry?;
        left += 1;
        if entry.file_name().to_string_lossy().starts_with(&begins) {
            // Another request may be removing it too.
            removed += usize::from(std::fs::remove_file(entry.path()).is_ok());
        }
    }
    if removed > 0 && left == removed {
        // A new object may have come meanwhile; then the folder stays.
        let _stays = std::fs::remove_dir(folder);
    }
    Ok(())
}

async fn in_time<T, E: fmt::Display>(work: impl Future<Output = Result<T, E>>) -> Result<T, Error> {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.map_err(|_| Error::internal("the store of files does not respond"))?
        .map_err(Error::internal)
}

/// Runs work that may block on a thread that may.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}

/// The bytes of a file of this machine in these bounds.
fn chunks(file: File, range: Range<u64>) -> BoxStream<'static, Result<Bytes, Error>> {
    let read = |(mut file, range): (File, Range<u64>)| async move {
        let left = range.end.saturating_sub(range.start);
        if left == 0 {
            return Ok(None);
        }
        let length = usize::try_from(left).unwrap_or(READ_BYTES).min(READ_BYTES);
        blocking(move || {
            let mut chunk = vec![0; length];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut chunk)?;
            let rest = range.start + length as u64..range.end;
            Ok(Some((Bytes::from(chunk), (file, rest))))
        })
        .await
    };
    futures_util::stream::try_unfold((file, range), read).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn objects() -> (Objects, PathBuf) {
        let folder = std::env::temp_dir().join(format!("stoa-objects-{}", Uuid::now_v7()));
        let inner = Inner {
            spool: folder.join("spool"),
            store: Store::Folder(folder.clone(), OnceLock::new()),
        };
        (Objects(Arc::new(inner)), folder)
    }

    async fn read(objects: &Objects, key: &Key, range: Range<u64>) -> Vec<u8> {
        let stream = objects.read(key, range).await.expect("an object");
        let chunks: Vec<Bytes> = stream.try_collect().await.expect("its bytes");
        chunks.concat()
    }

    #[tokio::test]
    async fn an_object_is_read_as_it_was_written_and_leaves_nothing() {
        let (objects, folder) = objects();
        let key = Key::piece(Uuid::now_v7(), 7);
        let content: Vec<u8> = (0..200_000u32).map(|at| (at % 251) as u8).collect();
        let (first, rest) = content.split_at(1_000);
        let parts = [first, rest].map(Bytes::copy_from_slice);
        objects.put(&key, parts.into()).await.expect("stored");
        assert_eq!(objects.get(&key).await.expect("the object"), content);
        assert_eq!(read(&objects, &key, 0..200_000).await, content);
        assert_eq!(
            read(&objects, &key, 70_000..70_003).await,
            content[70_000..70_003]
        );
        let staged = folder.join(format!("{key}#1"));
        std::fs::write(&staged, "left by a crash").expect("a file");
        objects.delete(&key).await.expect("deleted");
        objects.delete(&key).await.expect("deleted once more");
        assert!(objects.get(&key).await.is_err());
        assert!(!staged.exists());
        std::fs::remove_dir_all(folder).expect("the folder");
    }

    #[tokio::test]
    async fn a_large_file_is_stored_in_parts() {
        let (objects, folder) = objects();
        std::fs::create_dir_all(&folder).expect("a folder");
        let size = WRITE_BYTES + 12_345;
        let content: Vec<u8> = (0..size).map(|at| (at % 253) as u8).collect();
        let spool = folder.join("spool");
        std::fs::write(&spool, &content).expect("a file");
        let key = Key::variant(Uuid::now_v7(), "original");
        let file = File::open(&spool).expect("the file");
        objects
            .put_file(&key, file, size as u64)
            .await
            .expect("stored");
        assert_eq!(read(&objects, &key, 0..size as u64).await, content);
        std::fs::remove_dir_all(folder).expect("the folder");
    }
}
