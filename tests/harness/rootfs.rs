//! The folder with Asterisk 22 and SIPp that `tests/rootfs.sh` makes, and how
//! programs in it are run from outside: by its own loader and libraries, so
//! that neither chroot nor root is needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Outcome;

const FILE_NAME: &str = "res_outbound.so";

#[derive(Debug, Clone)]
pub struct Rootfs {
    pub folder: PathBuf,
    loader: PathBuf,
    libraries: PathBuf,
}

impl Rootfs {
    /// `RES_OUTBOUND_ROOTFS`, or where `tests/rootfs.sh` puts it.
    pub fn find() -> Outcome<Rootfs> {
        let folder = match env::var_os("RES_OUTBOUND_ROOTFS") {
            Some(folder) => PathBuf::from(folder),
            None => cache_folder()?.join("rootfs"),
        };
        let absent = || format!("no Asterisk in {}: run `make rootfs`", folder.display());
        if !folder.join("usr/sbin/asterisk").exists() {
            return Err(absent());
        }
        let loader = ["usr/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-linux-aarch64.so.1"]
            .iter()
            .map(|path| folder.join(path))
            .find(|path| path.exists())
            .ok_or_else(|| format!("no known loader in {}", folder.display()))?;
        let libraries = fs::read_dir(folder.join("usr/lib"))
            .map_err(|error| format!("{}: {error}", folder.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.join("asterisk/modules").is_dir())
            .ok_or_else(absent)?;
        Ok(Rootfs { folder, loader, libraries })
    }

    /// A program of the rootfs, ready to run on this machine.
    pub fn command(&self, program: &str) -> Command {
        let words = self.command_words(program);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// The same as words, for people and shells.
    pub fn command_words(&self, program: &str) -> Vec<String> {
        let name = program.rsplit('/').next().unwrap_or(program);
        vec![
            self.loader.display().to_string(),
            "--library-path".to_owned(),
            self.libraries.display().to_string(),
            "--argv0".to_owned(),
            name.to_owned(),
            self.folder.join(program).display().to_string(),
        ]
    }

    pub fn modules(&self) -> PathBuf {
        self.libraries.join("asterisk/modules")
    }

    /// Sounds, module documentation and the like.
    pub fn data(&self) -> PathBuf {
        self.folder.join("usr/share/asterisk")
    }

    pub fn headers(&self) -> PathBuf {
        self.folder.join("usr/include/asterisk")
    }
}

pub fn cache_folder() -> Outcome<PathBuf> {
    if let Some(cache) = env::var_os("RES_OUTBOUND_CACHE") {
        return Ok(PathBuf::from(cache));
    }
    let home = env::var_os("HOME").ok_or("neither RES_OUTBOUND_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/res_outbound"))
}

/// The module to test: `RES_OUTBOUND_SO`, or the release build beside us.
pub fn module_file() -> Outcome<PathBuf> {
    if let Some(file) = env::var_os("RES_OUTBOUND_SO") {
        let file = PathBuf::from(file);
        return match file.is_file() {
            true => fs::canonicalize(&file).map_err(|error| error.to_string()),
            false => Err(format!("RES_OUTBOUND_SO: no file {}", file.display())),
        };
    }
    let program = env::current_exe().map_err(|error| error.to_string())?;
    // …/target/<profile>/deps/<test>, …/target/<profile>/examples/<example>
    let target = program.ancestors().nth(3).unwrap_or(Path::new("target"));
    [FILE_NAME, "libres_outbound.so"]
        .iter()
        .map(|name| target.join("release").join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("no {FILE_NAME} in {}/release: run `make`", target.display()))
}

/// The folder of a checkout.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
