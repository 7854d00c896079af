//! A file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What a file is called while it is written.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// A file that is being written, beside where it is to be; removed unless it is finished.
pub struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
    is_finished: bool,
}

impl NewFile {
    /// Begins it; readable by its owner alone, for there are hashes and sealed secrets in an
    /// archive. What was at `path` stays until it is finished.
    pub fn create(path: &Path) -> io::Result<(Self, File)> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(UNFINISHED);
        let unfinished = PathBuf::from(unfinished);
        // One that a killed export left would keep its mode.
        if let Err(error) = fs::remove_file(&unfinished)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&unfinished)?;
        let new = Self {
            path: path.to_owned(),
            unfinished,
            is_finished: false,
        };
        Ok((new, file))
    }

    /// Gives it its name, once everything is on the disk.
    pub fn finish(mut self) -> io::Result<()> {
        File::open(&self.unfinished)?.sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        self.is_finished = true;
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = fs::remove_file(&self.unfinished)
        {
            tracing::warn!(
                file = %self.unfinished.display(),
                error = &error as &dyn std::error::Error,
                "an unfinished file cannot be removed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("house.ndjson");
        fs::write(&path, "before").unwrap();
        let (new, mut file) = NewFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(new);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        let (new, mut file) = NewFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        new.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    }
}
