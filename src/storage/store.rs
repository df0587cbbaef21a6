//! An object store in a local folder whose every write is durable when it returns.
//!
//! `object_store`'s own local backend never syncs, so a commit through it survives a crash of the process and not of the
//! machine (apache/arrow-rs-object-store#643). Reads go to that backend; writes go through [`Files`].

use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::files::{Draft, Files, Taken};

/// Objects are files below the root of [`Files`].
#[derive(Debug)]
pub(super) struct SyncedStore {
    files: Arc<Files>,
    reader: LocalFileSystem,
}

impl SyncedStore {
    pub fn new(files: Arc<Files>) -> Result<Self> {
        let reader = LocalFileSystem::new_with_prefix(files.root())?;
        Ok(Self { files, reader })
    }

    fn check(&self, location: &Path) -> Result<()> {
        self.files.resolve(relative(location).as_ref()).map_err(|source| failed(location, source))?;
        Ok(())
    }
}

impl fmt::Display for SyncedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncedStore({})", self.files.root().display())
    }
}

#[async_trait]
impl ObjectStore for SyncedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let taken = match opts.mode {
            PutMode::Create => Taken::Refuse,
            PutMode::Overwrite => Taken::Replace,
            PutMode::Update(_) => {
                return Err(Error::NotSupported { source: "conditional update of a local file".into() });
            }
        };
        let files = Arc::clone(&self.files);
        blocking(location, move |target| {
            let mut draft = files.draft()?;
            let mut offset = 0;
            for chunk in payload.iter() {
                draft.write_at(offset, chunk)?;
                offset += chunk.len() as u64;
            }
            draft.publish(&target, taken)
        })
        .await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let files = Arc::clone(&self.files);
        let draft = blocking(location, move |_| files.draft()).await?;
        Ok(Box::new(SyncedUpload { location: location.clone(), draft: Arc::new(Mutex::new(Some(draft))), length: 0 }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(location)?;
        self.reader.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(location)?;
        self.reader.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let files = Arc::clone(&self.files);
        locations
            .and_then(move |location| {
                let files = Arc::clone(&files);
                async move {
                    blocking(&location, move |target| files.remove(&target)).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    /// In the order of the names: the Delta kernel expects that of every store but those it knows as unordered.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let objects = self.reader.list(prefix);
        stream::once(async move {
            let mut objects: Vec<ObjectMeta> = objects.try_collect().await?;
            objects.sort_unstable_by(|a, b| a.location.cmp(&b.location));
            Ok::<_, Error>(stream::iter(objects.into_iter().map(Ok)))
        })
        .try_flatten()
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.reader.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let mode = match options.mode {
            CopyMode::Create => PutMode::Create,
            CopyMode::Overwrite => PutMode::Overwrite,
        };
        let content = self.get(from).await?.bytes().await?;
        self.put_opts(to, content.into(), mode.into()).await?;
        Ok(())
    }
}

/// A file written in parts.
#[derive(Debug)]
struct SyncedUpload {
    location: Path,
    /// Gone once the upload is completed or aborted.
    draft: Arc<Mutex<Option<Draft>>>,
    length: u64,
}

#[async_trait]
impl MultipartUpload for SyncedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (location, draft, mut offset) = (self.location.clone(), Arc::clone(&self.draft), self.length);
        self.length += data.content_length() as u64;
        Box::pin(async move {
            blocking(&location, move |_| {
                let mut draft = draft.lock().unwrap_or_else(PoisonError::into_inner);
                let draft = draft.as_mut().ok_or_else(finished)?;
                for chunk in data.iter() {
                    draft.write_at(offset, chunk)?;
                    offset += chunk.len() as u64;
                }
                Ok(())
            })
            .await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner).take();
        blocking(&self.location, move |target| draft.ok_or_else(finished)?.publish(&target, Taken::Replace)).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }
}

fn finished() -> std::io::Error {
    std::io::Error::other("the upload has ended already")
}

/// Runs file work off the async threads; its errors come back as the store's.
async fn blocking<T: Send + 'static>(
    location: &Path,
    work: impl FnOnce(PathBuf) -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let target = relative(location);
    let done = tokio::task::spawn_blocking(move || work(target)).await?;
    done.map_err(|source| failed(location, source))
}

fn relative(location: &Path) -> PathBuf {
    location.parts().map(|part| part.as_ref().to_owned()).collect()
}

fn failed(location: &Path, source: std::io::Error) -> Error {
    let path = location.to_string();
    match source.kind() {
        ErrorKind::NotFound => Error::NotFound { path, source: source.into() },
        ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: source.into() },
        ErrorKind::PermissionDenied => Error::PermissionDenied { path, source: source.into() },
        _ => Error::Generic { store: "SyncedStore", source: format!("{path}: {source}").into() },
    }
}
