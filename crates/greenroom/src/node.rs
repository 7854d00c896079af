//! Who this node is: an id in the data folder, the same over its restarts.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use greenroom_domain::shared::id::NodeId;

const FILE: &str = "node.id";

/// A node's id, which no other process on the data folder has while this is kept.
pub(crate) struct Identity {
    pub(crate) id: NodeId,
    _locked: File,
}

/// It is not known who this node is.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Another process runs on the folder.
    #[error("another Greenroom runs on the data folder {}", .0.display())]
    InUse(PathBuf),
    /// The file holds something else.
    #[error("{} holds no id of a node; remove it to be a new one", .0.display())]
    Unreadable(PathBuf),
    /// The file cannot be used.
    #[error("{} cannot be used", file.display())]
    Io {
        /// Which.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Reads it, or keeps the one that is given.
pub(crate) fn identity(folder: &Path, if_new: NodeId) -> Result<Identity, IdentityError> {
    let path = folder.join(FILE);
    let io = |source| IdentityError::Io {
        file: path.clone(),
        source,
    };
    fs::create_dir_all(folder).map_err(io)?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            return Err(IdentityError::InUse(folder.to_owned()));
        }
        Err(fs::TryLockError::Error(source)) => return Err(io(source)),
    }
    let mut text = String::new();
    // Longer than any id: it is not one.
    (&file).take(64).read_to_string(&mut text).map_err(io)?;
    let id = match text.trim() {
        "" => {
            file.rewind().map_err(io)?;
            writeln!(file, "{if_new}").map_err(io)?;
            file.sync_all().map_err(io)?;
            if_new
        }
        text => text
            .parse()
            .map_err(|_| IdentityError::Unreadable(path.clone()))?,
    };
    Ok(Identity { id, _locked: file })
}

#[cfg(test)]
mod tests {
    use greenroom_domain::shared::id::Ids as _;

    use super::*;

    fn new() -> NodeId {
        NodeId::from_uuid(greenroom_adapters_memory::SystemIds.uuid())
    }

    #[test]
    fn a_node_stays_who_it_is_and_has_its_folder_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        let first = new();
        let held = identity(&folder, first).unwrap();
        assert_eq!(held.id, first);
        let refused = identity(&folder, new());
        assert!(matches!(refused, Err(IdentityError::InUse(_))));
        drop(held);
        assert_eq!(identity(&folder, new()).unwrap().id, first);
    }

    #[test]
    fn what_is_no_id_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, "something else").unwrap();
        let refused = identity(folder.path(), new());
        assert!(matches!(refused, Err(IdentityError::Unreadable(_))));
        assert_eq!(fs::read_to_string(file).unwrap(), "something else");
    }
}
