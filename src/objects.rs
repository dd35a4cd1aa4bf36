//! The store of files' bytes: objects with a key and a content that never changes.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt, PutPayload,
};
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
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
    folder: PathBuf,
    /// Opened on first use, so that a server whose users store no files makes no folder.
    store: OnceLock<LocalFileSystem>,
}

impl Objects {
    /// The store that the options name; `None` if files are off. Fails with a sentence that says what to do.
    pub fn open(config: &Config) -> Result<Option<Self>, String> {
        let (folder, is_named) = match &config.files.files {
            FileStore::Off => return Ok(None),
            FileStore::DataFolder => (config.data_folder().join("files"), false),
            FileStore::Folder(folder) => (folder.clone(), true),
        };
        let objects = Self(Arc::new(Inner {
            folder,
            store: OnceLock::new(),
        }));
        if is_named {
            let opened = objects.store();
            opened.map_err(|error| {
                format!("Files cannot be stored: {error}. Choose another folder with --files local:FOLDER, or --files off.")
            })?;
        }
        Ok(Some(objects))
    }

    fn store(&self) -> Result<&LocalFileSystem, Error> {
        if let Some(store) = self.0.store.get() {
            return Ok(store);
        }
        let folder = &self.0.folder;
        let failed =
            |error: &dyn fmt::Display| Error::internal(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
        let store = store.with_automatic_cleanup(true).with_fsync(true);
        Ok(self.0.store.get_or_init(|| store))
    }

    /// Stores an object that is in memory.
    pub async fn put(&self, key: &Key, content: Vec<Bytes>) -> Result<(), Error> {
        let payload = PutPayload::from_iter(content);
        let path = path(key);
        let stored = self.store()?.put(&path, payload);
        in_time(stored).await?;
        self.clear_staged(key).await
    }

    /// Stores the content of a file of this machine, from its beginning.
    pub async fn put_file(&self, key: &Key, mut file: File, size: u64) -> Result<(), Error> {
        let path = path(key);
        let mut upload = in_time(self.store()?.put_multipart(&path)).await?;
        blocking({
            let mut file = file.try_clone().map_err(Error::internal)?;
            move || file.seek(SeekFrom::Start(0))
        })
        .await?;
        let mut left = size;
        while left > 0 {
            let length = usize::try_from(left)
                .unwrap_or(WRITE_BYTES)
                .min(WRITE_BYTES);
            let (part, same) = blocking(move || {
                let mut part = vec![0; length];
                file.read_exact(&mut part)?;
                Ok((part, file))
            })
            .await?;
            file = same;
            left -= length as u64;
            in_time(upload.put_part(part.into())).await?;
        }
        in_time(upload.complete()).await?;
        self.clear_staged(key).await
    }

    /// A whole object. It must be small.
    pub async fn get(&self, key: &Key) -> Result<Bytes, Error> {
        let path = path(key);
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
        let path = path(key);
        let found = in_time(self.store()?.get_opts(&path, options)).await?;
        Ok(match found.payload {
            GetResultPayload::File(file, _) => chunks(file, found.range),
            GetResultPayload::Stream(stream) => stream.map_err(Error::internal).boxed(),
        })
    }

    /// Deletes an object. One that is not there is deleted.
    pub async fn delete(&self, key: &Key) -> Result<(), Error> {
        let path = path(key);
        let deleted = tokio::time::timeout(PATIENCE, self.store()?.delete(&path)).await;
        match deleted.map_err(Error::internal)? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => self.clear_staged(key).await,
            Err(error) => Err(Error::internal(error)),
        }
    }

    /// A file of this machine that has no name any more: it is gone when it is closed.
    pub async fn nameless_file(&self) -> Result<File, Error> {
        let folder = self.0.folder.join("spool");
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
        let path = self.0.folder.join(&key.0);
        blocking(move || clear_staged(&path)).await
    }
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

fn path(key: &Key) -> ObjectPath {
    ObjectPath::from(key.0.as_str())
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
            folder: folder.clone(),
            store: OnceLock::new(),
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
