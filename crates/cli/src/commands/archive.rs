//! `greenroom export` and `greenroom import`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use greenroom::archive::{self, Counts, ExportError, NewFile, Purpose, Summary};
use greenroom::{Config, Platform, StoreKind, control};
use serde_json::json;
use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncWrite, BufReader};

use crate::failure::Failure;

/// How often a terminal is told how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(100);

pub(crate) async fn export(config: Config, file: &Path, json: bool) -> Result<(), Failure> {
    if config.store == StoreKind::Memory {
        return Err("a store in memory is gone with its server; there is nothing to export".into());
    }
    let summary = if is_stream(file) {
        unless_interrupted(write(config, tokio::io::stdout())).await?
    } else {
        let (new, opened) = NewFile::create(file)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        let summary = unless_interrupted(write(config, File::from_std(opened))).await?;
        new.finish()?;
        summary
    };
    tell("exported", file, &summary, json);
    Ok(())
}

pub(crate) async fn import(
    config: &Config,
    file: &Path,
    purpose: Purpose,
    json: bool,
) -> Result<(), Failure> {
    let summary = if is_stream(file) {
        unless_interrupted(read(config, BufReader::new(tokio::io::stdin()), purpose)).await?
    } else {
        let opened = File::open(file).await;
        let opened = opened.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        unless_interrupted(read(config, BufReader::new(opened), purpose)).await?
    };
    tell("imported", file, &summary, json);
    Ok(())
}

fn is_stream(file: &Path) -> bool {
    file == Path::new("-")
}

/// By the server that runs on the data folder, or by this process when none does.
async fn write(config: Config, to: impl AsyncWrite + Send + Unpin) -> Result<Summary, Failure> {
    let mut progress = Progress::new();
    let mut tell = |counts: &Counts| progress.tell(counts);
    let written: Result<Summary, ExportError> = match control::export(&config.data_dir).await? {
        Some(from) => archive::copy(from, to, &mut tell).await,
        None => {
            let platform = Box::pin(Platform::open_beside(config)).await?;
            platform.export(to, &mut tell).await
        }
    };
    Ok(written?)
}

async fn read(
    config: &Config,
    from: impl AsyncBufRead + Send + Unpin,
    purpose: Purpose,
) -> Result<Summary, Failure> {
    let mut progress = Progress::new();
    Ok(archive::import(config, from, purpose, &mut |counts| progress.tell(counts)).await?)
}

/// What is dropped half done leaves nothing behind.
async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        pressed = tokio::signal::ctrl_c() => {
            pressed?;
            Err("interrupted; nothing was kept".into())
        }
    }
}

fn tell(what: &str, file: &Path, summary: &Summary, json: bool) {
    let told = if json {
        json!({ what: summary.entries, "content": summary.content }).to_string()
    } else {
        let kinds = summary.entries.iter();
        let kinds = kinds.map(|(name, count)| format!("  {}: {count}", name.replace('_', " ")));
        let mut lines = vec![format!("{what} {} entries", summary.entries.total())];
        lines.extend(kinds);
        lines.push(format!("content: sha256 {}", summary.content));
        lines.join("\n")
    };
    // The archive itself may be on standard output.
    if what == "exported" && is_stream(file) {
        eprintln!("{told}");
    } else {
        println!("{told}");
    }
}

/// One line of a terminal, written over and over; nothing where there is none.
struct Progress {
    is_shown: bool,
    told: Option<Instant>,
}

impl Progress {
    fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
            told: None,
        }
    }

    fn tell(&mut self, counts: &Counts) {
        let is_soon = self.told.is_some_and(|told| told.elapsed() < TOLD_EVERY);
        if !self.is_shown || is_soon {
            return;
        }
        self.told = Some(Instant::now());
        let kinds: Vec<String> = counts
            .iter()
            .filter(|(_, count)| *count > 1)
            .map(|(name, count)| format!("{} {count}", name.replace('_', " ")))
            .collect();
        let total = counts.total();
        // To the beginning of the line, which is made empty.
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\r\x1b[K{total} entries: {}", kinds.join(", "));
        let _ = stderr.flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told.is_some() {
            eprintln!();
        }
    }
}
