//! The folder outside the tree in which built and fetched programs are kept, each under a key that holds its version.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The cache folder: `$CACHEDAPI_CACHE`, else `cachedapi` in the user's cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The folder that the environment names.
    pub fn from_env() -> Result<Self> {
        let named = env::var_os("CACHEDAPI_CACHE").map(PathBuf::from);
        let users =
            || env::var_os("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("cachedapi"));
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/cachedapi"));
        let root = named.or_else(users).or_else(home);
        root.map(Self::at).ok_or_else(|| {
            Error::Unexpected("no cache folder: set CACHEDAPI_CACHE or HOME".to_owned())
        })
    }

    /// A cache in the folder `root`, which need not exist.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of `key`, filled by `fill` if it is not there yet.
    ///
    /// `fill` works in a folder of its own that is renamed when complete, so an entry is whole or absent; a lock keeps
    /// two runs from filling the same entry at once.
    pub fn entry(&self, key: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let entry = self.root.join(key);
        if entry.is_dir() {
            return Ok(entry);
        }
        let _held = self.lock(key)?;
        if !entry.is_dir() {
            let part = self.root.join(format!("{key}.part"));
            remove(&part)?;
            create(&part)?;
            fill(&part)?;
            fs::rename(&part, &entry).map_err(Error::io(|| {
                format!("rename {} to {}", part.display(), entry.display())
            }))?;
        }
        Ok(entry)
    }

    fn lock(&self, key: &str) -> Result<File> {
        let path = self.root.join(format!("{key}.lock"));
        create(path.parent().unwrap_or(&self.root))?;
        let file =
            File::create(&path).map_err(Error::io(|| format!("create {}", path.display())))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            eprintln!("   … another run is preparing {key}: waiting for it");
            file.lock()
                .map_err(Error::io(|| format!("lock {}", path.display())))?;
        }
        Ok(file)
    }
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io(|| format!("create {}", folder.display())))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::io(|| format!("remove {}", folder.display())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn two_runs_at_once_fill_an_entry_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_owned());
        let fills = AtomicUsize::new(0);
        let fill = |part: &Path| {
            fills.fetch_add(1, Ordering::SeqCst);
            fs::write(part.join("tool"), "built").map_err(Error::io(|| "write".to_owned()))
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let entry = cache.entry("kind/tool-v1", fill).unwrap();
                    assert!(entry.join("tool").is_file());
                });
            }
        });
        assert_eq!(fills.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failed_fill_leaves_no_entry_and_the_next_one_starts_clean() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_owned());
        let failed = cache.entry("tool-v1", |part| {
            fs::write(part.join("half"), "").unwrap();
            Err(Error::Unexpected("no disk".to_owned()))
        });
        assert!(failed.is_err() && !folder.path().join("tool-v1").exists());
        let entry = cache.entry("tool-v1", |_| Ok(())).unwrap();
        assert!(!entry.join("half").exists());
    }
}
