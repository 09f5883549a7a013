//! The folder for imports and exports: the only place whose files a client can
//! name. The kernel itself keeps names from leading out of it (`openat2(2)`, Linux
//! 5.6), also by links.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dialer::domain::DialListId;
use dialer::surface::bulk::{Files, NewFile};
use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;

/// The folder, once it is made: for Asterisk's user and group.
const FOLDER_MODE: u32 = 0o750;
/// Exports hold telephone numbers.
const FILE_MODE: u32 = 0o640;

/// Numbers the files that are under way.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

/// A folder of files.
pub struct Folder {
    path: Mutex<PathBuf>,
    /// Lists that are being filled.
    filling: Arc<Mutex<HashSet<DialListId>>>,
}

impl Folder {
    pub fn new(path: PathBuf) -> Folder {
        Folder { path: Mutex::new(path), filling: Arc::default() }
    }

    /// Takes another folder from here on.
    pub fn set_path(&self, path: PathBuf) {
        *lock(&self.path) = path;
    }

    /// Opens the folder; makes it if it is not there.
    fn open_folder(&self) -> Result<(File, PathBuf), String> {
        let path = lock(&self.path).clone();
        let failed = |error: Errno| format!("the folder {}: {error}", path.display());
        match fs::mkdir(&path, Mode::from_raw_mode(FOLDER_MODE)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error)),
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let folder = fs::open(&path, flags, Mode::empty()).map_err(failed)?;
        Ok((File::from(folder), path))
    }
}

impl Files for Folder {
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String> {
        let (folder, path) = self.open_folder()?;
        let inside = inside(name, &path)?;
        // A pipe would otherwise wait for its other end.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(beneath(&folder, &inside, flags, &path)?);
        let kind = file.metadata().map_err(|error| said(name, &path, error))?;
        match kind.is_file() {
            true => Ok(Box::new(file)),
            false => Err(said(name, &path, "is no plain file")),
        }
    }

    fn create(&self, name: &str, overwrite: bool) -> Result<Box<dyn NewFile>, String> {
        let (folder, path) = self.open_folder()?;
        let inside = inside(name, &path)?;
        let Some(file_name) = inside.file_name().map(PathBuf::from) else {
            return Err(said(name, &path, "is no name of a file"));
        };
        let parent = match inside.parent().filter(|parent| *parent != Path::new("")) {
            None => folder,
            Some(parent) => {
                let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
                File::from(beneath(&folder, parent, flags, &path)?)
            }
        };
        let there = fs::statat(&parent, &file_name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        if there && !overwrite {
            return Err(said(name, &path, EXISTS));
        }
        let number = UNFINISHED.fetch_add(1, Ordering::Relaxed);
        let unfinished = PathBuf::from(format!(".{}-{number}.unfinished", std::process::id()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = fs::openat(&parent, &unfinished, flags, Mode::from_raw_mode(FILE_MODE))
            .map_err(|error| said(name, &path, error))?;
        Ok(Box::new(Unfinished {
            file: File::from(file),
            parent,
            unfinished,
            name: file_name,
            overwrite,
            is_finished: false,
        }))
    }

    fn begin_import(&self, list: DialListId) -> Option<Box<dyn Send>> {
        let is_first = lock(&self.filling).insert(list);
        is_first.then(|| -> Box<dyn Send> { Box::new(Filling(list, self.filling.clone())) })
    }
}

const EXISTS: &str = "is there already; Overwrite: yes replaces it";

/// The name as it is from the folder on. One that leaves it is refused here in
/// words; what links make of it is the kernel's to refuse.
fn inside(name: &str, folder: &Path) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let path = match path.is_absolute() {
        true => path.strip_prefix(folder).map_err(|_| said(name, folder, OUTSIDE))?,
        false => path,
    };
    match path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        true => Ok(path.to_owned()),
        false => Err(said(name, folder, OUTSIDE)),
    }
}

const OUTSIDE: &str = "is not allowed; allowed are files inside of that folder";

/// Opens something below the folder, wherever links lead.
fn beneath(
    folder: &File,
    name: &Path,
    flags: OFlags,
    path: &Path,
) -> Result<std::os::fd::OwnedFd, String> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    fs::openat2(folder, name, flags, Mode::empty(), resolve).map_err(|error| {
        let name = name.to_string_lossy();
        match error {
            Errno::XDEV | Errno::LOOP => said(&name, path, OUTSIDE),
            error => said(&name, path, error),
        }
    })
}

fn said(name: &str, folder: &Path, what: impl std::fmt::Display) -> String {
    format!("'{name}' in {}: {what}", folder.display())
}

/// As long as it lives, its list is being filled.
struct Filling(DialListId, Arc<Mutex<HashSet<DialListId>>>);

impl Drop for Filling {
    fn drop(&mut self) {
        lock(&self.1).remove(&self.0);
    }
}

/// A file that has its name when it is whole.
struct Unfinished {
    file: File,
    parent: File,
    unfinished: PathBuf,
    name: PathBuf,
    overwrite: bool,
    is_finished: bool,
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for Unfinished {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.file.sync_all()?;
        let (parent, from, to) = (&self.parent, &self.unfinished, &self.name);
        match self.overwrite {
            true => fs::renameat(parent, from, parent, to)?,
            false => fs::renameat_with(parent, from, parent, to, RenameFlags::NOREPLACE)?,
        }
        self.is_finished = true;
        self.parent.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed stays as a hidden file.
            let _ = fs::unlinkat(&self.parent, &self.unfinished, AtFlags::empty());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
