//! The world on disk.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::world::World;

/// The world could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be read or written.
    #[error("cannot use {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// A file does not hold a world.
    #[error("{} does not hold a state of this version", .0.display())]
    Format(PathBuf, #[source] serde_json::Error),
}

fn file(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// The world kept in `folder`, if there is one.
pub(crate) fn load(folder: &Path) -> Result<Option<World>, StoreError> {
    let path = file(folder);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| StoreError::Format(path, e)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::Io(path, e)),
    }
}

/// Writes the world so that a reader, or a restart after a crash, sees either the old or the new one.
pub(crate) fn save(folder: &Path, world: &World) -> Result<(), StoreError> {
    let path = file(folder);
    let bytes = serde_json::to_vec(world).map_err(|e| StoreError::Format(path.clone(), e))?;
    replace(folder, &path, &bytes).map_err(|e| StoreError::Io(path, e))
}

fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let new = folder.join("state.json.new");
    fs::File::create(&new)?.write_all(bytes)?;
    fs::rename(new, path)
}
