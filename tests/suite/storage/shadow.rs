//! A disk that remembers what a power cut would leave: content as of its last sync, names as of their folder's.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use journeydb::storage::{Disk, DiskFile, LocalDisk};

/// Works on the real disk, and after every operation notes the image that a power cut would leave.
#[derive(Debug)]
pub struct ShadowDisk {
    root: PathBuf,
    /// Folders whose sync is forgotten: the fault that the test has to notice.
    ignored_folder: Option<&'static str>,
    /// Whether the sync of content is forgotten.
    ignored_content: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Folder(usize),
    File(usize),
}

type Folders = BTreeMap<usize, BTreeMap<String, Node>>;

/// What a disk holds, by inode, so that a name that is used again is another file.
#[derive(Debug, Clone, Default)]
pub struct Image {
    current: Folders,
    durable: Folders,
    content: BTreeMap<usize, Arc<Vec<u8>>>,
}

#[derive(Debug, Default)]
struct State {
    image: Image,
    inodes: usize,
    history: Vec<Image>,
}

/// What happens to names whose folder was not synced: a file system may keep them or not.
#[derive(Debug, Clone, Copy)]
pub enum Unsynced {
    Lost,
    Kept,
}

impl ShadowDisk {
    pub fn new(root: &Path, ignored_folder: Option<&'static str>, ignored_content: bool) -> Self {
        let mut state = State { inodes: 1, ..Default::default() };
        state.image.current.insert(0, BTreeMap::new());
        let root = root.canonicalize().unwrap();
        Self { root, ignored_folder, ignored_content, state: Arc::new(Mutex::new(state)) }
    }

    /// The images so far.
    pub fn history(&self) -> Vec<Image> {
        self.state.lock().unwrap().history.clone()
    }

    pub fn operations(&self) -> usize {
        self.state.lock().unwrap().history.len()
    }

    fn change<T>(&self, work: impl FnOnce(&mut State, &dyn Fn(&Image, &Path) -> (usize, String)) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        let done = work(&mut state, &|image, path| self.locate(image, path));
        let image = state.image.clone();
        state.history.push(image);
        done
    }

    /// The folder that a path lies in, and its name there.
    fn locate(&self, image: &Image, path: &Path) -> (usize, String) {
        let relative = path.strip_prefix(&self.root).unwrap();
        let mut names: Vec<String> = relative.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let last = names.pop().unwrap();
        let folder = names.iter().fold(0, |folder, name| match image.current[&folder][name] {
            Node::Folder(inode) => inode,
            Node::File(_) => panic!("{name} is a file"),
        });
        (folder, last)
    }
}

impl Disk for ShadowDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let real = LocalDisk.create(path)?;
        let inode = self.change(|state, locate| {
            let (folder, name) = locate(&state.image, path);
            let inode = state.inodes;
            state.inodes += 1;
            state.image.current.get_mut(&folder).unwrap().insert(name, Node::File(inode));
            inode
        });
        let (state, ignored) = (Arc::clone(&self.state), self.ignored_content);
        Ok(Box::new(ShadowFile { real, path: path.to_owned(), inode, state, ignored }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.link(from, to)?;
        self.change(|state, locate| {
            let (folder, name) = locate(&state.image, from);
            let node = state.image.current[&folder][&name];
            let (folder, name) = locate(&state.image, to);
            state.image.current.get_mut(&folder).unwrap().insert(name, node);
        });
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)?;
        self.change(|state, locate| {
            let (folder, name) = locate(&state.image, from);
            let node = state.image.current.get_mut(&folder).unwrap().remove(&name).unwrap();
            let (folder, name) = locate(&state.image, to);
            state.image.current.get_mut(&folder).unwrap().insert(name, node);
        });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove(path)?;
        self.change(|state, locate| {
            let (folder, name) = locate(&state.image, path);
            state.image.current.get_mut(&folder).unwrap().remove(&name);
        });
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        LocalDisk.make_folder(path)?;
        self.change(|state, locate| {
            let (folder, name) = locate(&state.image, path);
            let inode = state.inodes;
            state.inodes += 1;
            state.image.current.get_mut(&folder).unwrap().insert(name, Node::Folder(inode));
            state.image.current.insert(inode, BTreeMap::new());
        });
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove_folder(path)?;
        self.change(|state, locate| {
            let (folder, name) = locate(&state.image, path);
            state.image.current.get_mut(&folder).unwrap().remove(&name);
        });
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if self.ignored_folder.is_some_and(|ignored| path.ends_with(ignored)) {
            return Ok(());
        }
        self.change(|state, locate| {
            let (folder, name) = locate(&state.image, &path.join("any"));
            assert_eq!(name, "any");
            let names = state.image.current[&folder].clone();
            state.image.durable.insert(folder, names);
        });
        Ok(())
    }
}

#[derive(Debug)]
struct ShadowFile {
    real: Box<dyn DiskFile>,
    path: PathBuf,
    inode: usize,
    state: Arc<Mutex<State>>,
    ignored: bool,
}

impl DiskFile for ShadowFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.real.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        if !self.ignored {
            let content = Arc::new(fs::read(&self.path)?);
            let mut state = self.state.lock().unwrap();
            state.image.content.insert(self.inode, content);
            let image = state.image.clone();
            state.history.push(image);
        }
        Ok(())
    }
}

impl Image {
    /// Puts into an empty folder what is there after a power cut.
    pub fn restore(&self, folder: &Path, unsynced: Unsynced) {
        let folders = match unsynced {
            Unsynced::Lost => &self.durable,
            Unsynced::Kept => &self.current,
        };
        self.restore_folder(folders, 0, folder);
    }

    fn restore_folder(&self, folders: &Folders, inode: usize, path: &Path) {
        for (name, node) in folders.get(&inode).into_iter().flatten() {
            let path = path.join(name);
            match node {
                Node::Folder(inode) => {
                    fs::create_dir(&path).unwrap();
                    self.restore_folder(folders, *inode, &path);
                }
                Node::File(inode) => fs::write(path, self.content.get(inode).map_or(&[][..], |c| c)).unwrap(),
            }
        }
    }
}
