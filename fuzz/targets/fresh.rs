//! A desk for each input, so that it can be repeated alone.

use super::bench::desk::Desk;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A dialer over an empty store, copied from one that was made once.
pub fn desk() -> Desk {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    let empty = EMPTY.get_or_init(|| {
        let folder = folder();
        let file = folder.path().join(Desk::STORE);
        drop(dialer::store::Sqlite::open(&file, "test").expect("a store"));
        fs::read(&file).expect("a store's file")
    });
    let folder = folder();
    fs::write(folder.path().join(Desk::STORE), empty).expect("a store's file");
    Desk::over(folder)
}

/// In memory where the system has a folder for that.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a folder")
}
