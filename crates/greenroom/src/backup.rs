//! Exports of the store that are made by themselves, the newest of which are kept.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::clock::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::archive::{ExportError, Exporter, NewFile, UNFINISHED};
use crate::{Config, OpenError};

/// A backup's name is this, the seconds since 1970 at which it was begun in ten digits, and
/// the ending: names are in the order of time.
const PREFIX: &str = "greenroom-";
const ENDING: &str = ".ndjson";

/// After a backup that failed, the next is tried so much later.
const TRY_AGAIN: Duration = Duration::from_secs(15 * 60);

/// When backups are made, where, and how many are kept.
pub(crate) struct Schedule {
    every: Duration,
    folder: PathBuf,
    keep: usize,
}

#[derive(Debug, thiserror::Error)]
enum BackupError {
    #[error("the folder {} cannot be used", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl Schedule {
    /// None where none is configured.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        let hours = config.backup.every_hours;
        (hours > 0).then(|| Self {
            every: Duration::from_secs(u64::from(hours) * 3600),
            folder: config.backup_folder(),
            keep: usize::try_from(config.backup.keep).unwrap_or(usize::MAX),
        })
    }

    /// How long until the next is due: at once, where there is none.
    fn due_in(&self, now: Timestamp) -> Duration {
        match newest(&self.folder) {
            Some((_, made)) => self.every.saturating_sub(now.since(made)),
            None => Duration::ZERO,
        }
    }

    async fn back_up(&self, exporter: &Exporter) -> Result<PathBuf, BackupError> {
        let unusable = |source| BackupError::Folder {
            folder: self.folder.clone(),
            source,
        };
        let mut folder = DirBuilder::new();
        let made = folder.recursive(true).mode(0o700).create(&self.folder);
        made.map_err(unusable)?;
        let path = self.folder.join(name(exporter.clock.now()));
        let (new, file) = NewFile::create(&path).map_err(unusable)?;
        let file = tokio::fs::File::from_std(file);
        exporter.export(file, &mut |_| {}).await?;
        // It waits until everything is on the disk, which may be long.
        let finished = tokio::task::spawn_blocking(|| new.finish()).await;
        finished
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(unusable)?;
        if let Err(error) = self.rotate() {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old backups cannot be removed");
        }
        Ok(path)
    }

    /// Removes the oldest, and what a killed server left.
    fn rotate(&self) -> io::Result<()> {
        let (mut whole, mut gone) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            match name.map(|name| (name.strip_suffix(UNFINISHED), made_at(name))) {
                Some((Some(name), _)) if made_at(name).is_some() => gone.push(path),
                Some((None, Some(_))) => whole.push(path),
                _ => {}
            }
        }
        whole.sort_unstable_by(|a, b| b.cmp(a));
        gone.extend(whole.into_iter().skip(self.keep));
        gone.iter().try_for_each(fs::remove_file)
    }
}

/// Makes one backup after the other, as they are due, until shutdown.
pub(crate) async fn run(schedule: Schedule, exporter: Arc<Exporter>, shutdown: CancellationToken) {
    let mut wait = schedule.due_in(exporter.clock.now());
    loop {
        let made = async {
            tokio::time::sleep(wait).await;
            schedule.back_up(&exporter).await
        };
        wait = match shutdown.run_until_cancelled(made).await {
            None => return,
            Some(Ok(path)) => {
                tracing::info!(file = %path.display(), "the store was backed up");
                schedule.every
            }
            Some(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the store could not be backed up"
                );
                TRY_AGAIN.min(schedule.every)
            }
        };
    }
}

/// Names the newest backup to who cannot open the store.
pub(crate) fn way_back(config: &Config, error: greenroom_adapters_sled::OpenError) -> OpenError {
    use greenroom_adapters_sled::OpenError::Damaged;
    match (&error, newest(&config.backup_folder())) {
        (Damaged { .. }, Some((backup, _))) => OpenError::Damaged {
            backup,
            store: config.data_dir.join("store"),
            source: error,
        },
        _ => OpenError::Store(error),
    }
}

fn newest(folder: &Path) -> Option<(PathBuf, Timestamp)> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let backups = entries.filter_map(|entry| {
        let made = made_at(entry.file_name().to_str()?)?;
        Some((entry.path(), made))
    });
    backups.max_by_key(|(_, made)| *made)
}

fn name(now: Timestamp) -> String {
    format!("{PREFIX}{:010}{ENDING}", now.millis().div_euclid(1000))
}

fn made_at(name: &str) -> Option<Timestamp> {
    let seconds = name.strip_prefix(PREFIX)?.strip_suffix(ENDING)?;
    let seconds: u32 = seconds.parse().ok()?;
    Some(Timestamp::EPOCH + Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(folder: &Path, keep: usize) -> Schedule {
        Schedule {
            every: Duration::from_secs(3600),
            folder: folder.to_owned(),
            keep,
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_are_kept_and_what_is_no_backup_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = name(at(400)) + UNFINISHED;
        let foreign = "notes.ndjson".to_owned();
        let backups = [100, 200, 300].map(|seconds| name(at(seconds)));
        for file in backups.iter().chain([&unfinished, &foreign]) {
            fs::write(folder.path().join(file), "").unwrap();
        }
        schedule(folder.path(), 2).rotate().unwrap();
        let [_, second, third] = backups;
        assert_eq!(files(folder.path()), [second, third, foreign]);
    }

    #[test]
    fn the_next_one_is_due_when_the_newest_is_old_enough() {
        let folder = tempfile::tempdir().unwrap();
        let schedule = schedule(folder.path(), 2);
        assert_eq!(schedule.due_in(at(0)), Duration::ZERO, "there is none");
        fs::write(folder.path().join(name(at(1000))), "").unwrap();
        let soon = Duration::from_secs(3500);
        assert_eq!(schedule.due_in(at(1100)), soon);
        assert_eq!(schedule.due_in(at(1_000_000)), Duration::ZERO);
        // A clock that was set back does not put it off.
        assert_eq!(schedule.due_in(at(0)), Duration::from_secs(3600));
    }
}
