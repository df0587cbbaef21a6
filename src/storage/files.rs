//! Puts files into a folder so that a power cut leaves either nothing or the whole file: the content is synced under a
//! temporary name before it gets its own, and the folder is synced before anyone is told.
//!
//! Temporary files lie in one folder of their own, so that no listing ever shows them and a sweep is one loop.

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::disk::{Disk, DiskFile};

/// The folder of temporary files, below the root.
pub(super) const TEMPORARY: &str = "tmp";

/// What becomes of a name that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The put fails with `AlreadyExists`.
    Refuse,
    /// The new file takes its place.
    Replace,
}

/// A folder on a disk.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    /// Folders whose own name is known to be durable. One that merely exists may have been made a moment ago by a
    /// concurrent put that has not synced it yet.
    durable: Mutex<HashSet<PathBuf>>,
}

impl Files {
    /// Opens a folder, making it and its ancestors where they are missing.
    pub fn open(root: &Path, disk: Arc<dyn Disk>) -> io::Result<Self> {
        make_ancestors(root, disk.as_ref())?;
        let files = Self { root: root.canonicalize()?, disk, durable: Mutex::default() };
        files.keep_private(TEMPORARY)?;
        Ok(files)
    }

    /// Makes a folder below the root that nobody but its owner may look into; one that is there becomes so.
    pub fn keep_private(&self, folder: &str) -> io::Result<()> {
        let folder = self.root.join(folder);
        self.make_durable(&folder)?;
        #[cfg(unix)]
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(())
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute path of a relative one; refuses whatever would lead out of the root: `..`, and symbolic links.
    pub fn resolve(&self, relative: &Path) -> io::Result<PathBuf> {
        let mut path = self.root.clone();
        for component in relative.components() {
            let Component::Normal(name) = component else {
                return Err(refused(relative, "it leads out of the database's folder"));
            };
            path.push(name);
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
                return Err(refused(&path, "it is a symbolic link"));
            }
        }
        Ok(path)
    }

    /// Begins a file that has no name yet.
    pub fn draft(self: &Arc<Self>) -> io::Result<Draft> {
        let path = self.root.join(TEMPORARY).join(Uuid::new_v4().to_string());
        let file = self.disk.create(&path)?;
        Ok(Draft { files: Arc::clone(self), path, file, published: false })
    }

    /// Removes a file, durably. `NotFound` if there is none.
    pub fn remove(&self, relative: &Path) -> io::Result<()> {
        let path = self.resolve(relative)?;
        self.disk.remove(&path)?;
        self.disk.sync_folder(parent(&path)?)
    }

    /// Removes a folder with everything in it, durably; nothing happens if there is none.
    pub fn remove_folder(&self, relative: &Path) -> io::Result<()> {
        let path = self.resolve(relative)?;
        if !path.exists() {
            return Ok(());
        }
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| !known.starts_with(&path));
        self.disk.remove_folder(&path)?;
        self.disk.sync_folder(parent(&path)?)
    }

    /// Removes what unfinished puts have left. A handle of this process that was just closed may still be removing its own.
    pub fn sweep(&self) -> io::Result<()> {
        for entry in self.root.join(TEMPORARY).read_dir()? {
            match self.disk.remove(&entry?.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes a folder below the root, and its parents, durable.
    fn make_durable(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(folder) {
            return Ok(());
        }
        let parent = parent(folder)?;
        self.make_durable(parent)?;
        match self.disk.make_folder(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => self.disk.sync_folder(parent)?,
        }
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }
}

/// A file without a name: published whole, or gone.
#[derive(Debug)]
pub(super) struct Draft {
    files: Arc<Files>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    published: bool,
}

impl Draft {
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    /// Gives the file its name; when this returns, name and content survive a power cut.
    pub fn publish(mut self, relative: &Path, taken: Taken) -> io::Result<()> {
        let target = self.files.resolve(relative)?;
        let folder = parent(&target)?;
        self.file.sync()?;
        self.files.make_durable(folder)?;
        let disk = self.files.disk.as_ref();
        match taken {
            Taken::Replace => {
                disk.rename(&self.path, &target)?;
                self.published = true;
                disk.sync_folder(folder)
            }
            Taken::Refuse => {
                disk.link(&self.path, &target)?;
                // A name that may not be durable must not be seen either: what follows would build on it.
                disk.sync_folder(folder).inspect_err(|_| {
                    let _ = disk.remove(&target);
                })
            }
        }
    }
}

impl Drop for Draft {
    /// A draft that stays behind is swept when the folder is opened next, so a failure here costs only space.
    fn drop(&mut self) {
        if !self.published {
            let _ = self.files.disk.remove(&self.path);
        }
    }
}

fn make_ancestors(folder: &Path, disk: &dyn Disk) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let folder = std::path::absolute(folder)?;
    let parent = parent(&folder)?;
    make_ancestors(parent, disk)?;
    match disk.make_folder(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => disk.sync_folder(parent),
    }
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| refused(path, "it has no parent folder"))
}

fn refused(path: &Path, reason: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("{} is refused: {reason}", path.display()))
}
