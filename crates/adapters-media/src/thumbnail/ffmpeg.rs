//! The child process. What it decodes was sent by a stranger: it gets little time, little
//! output, and is told what it reads.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::Still;

/// A frame takes a fraction of a second, of 4K too.
const PATIENCE: Duration = Duration::from_secs(5);
/// Ten times what a frame takes, in bytes.
const LARGEST: u64 = 512 * 1024;

/// No picture was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum FfmpegError {
    #[error("ffmpeg cannot be started")]
    Start(#[source] io::Error),
    #[error("ffmpeg cannot be read")]
    Read(#[source] io::Error),
    #[error("ffmpeg took too long")]
    TookTooLong,
    #[error("the picture is too large")]
    TooLarge,
    #[error("ffmpeg made no picture")]
    NoPicture,
}

/// The first frame of a still as JPEG, 640 pixels wide.
pub(super) async fn jpeg(program: &OsStr, still: &Still) -> Result<Bytes, FfmpegError> {
    let mut child = start(program).map_err(FfmpegError::Start)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(FfmpegError::NoPicture);
    };
    let made = async {
        let (_, read) = tokio::join!(write(stdin, still), read(stdout));
        let jpeg = read.map_err(FfmpegError::Read)?;
        if jpeg.len() as u64 > LARGEST {
            return Err(FfmpegError::TooLarge);
        }
        let status = child.wait().await.map_err(FfmpegError::Read)?;
        if !status.success() || !jpeg.starts_with(&[0xff, 0xd8]) {
            return Err(FfmpegError::NoPicture);
        }
        Ok(Bytes::from(jpeg))
    };
    let made = tokio::time::timeout(PATIENCE, made).await;
    // It is waited for in the background when it is dropped.
    let _ = child.start_kill();
    made.unwrap_or(Err(FfmpegError::TookTooLong))
}

fn start(program: &OsStr) -> io::Result<Child> {
    let child = Command::new(program)
        .args(["-hide_banner", "-loglevel", "quiet", "-threads", "1"])
        .args(["-protocol_whitelist", "pipe", "-f", "mov", "-i", "pipe:0"])
        .args(["-an", "-sn", "-dn", "-frames:v", "1"])
        .args(["-vf", "scale=640:-2", "-q:v", "5"])
        .args(["-threads", "1", "-f", "mjpeg", "pipe:1"])
        // It would write a file of that name.
        .env_remove("FFREPORT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    yield_to_others(&child);
    Ok(child)
}

/// Live media go before pictures of them.
#[cfg(unix)]
fn yield_to_others(child: &Child) {
    const NICE: i32 = 15;
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // It is done at its usual priority then.
        let _ = rustix::process::setpriority_process(Some(pid), NICE);
    }
}

#[cfg(not(unix))]
fn yield_to_others(_: &Child) {}

/// It may have read enough before the end, and closed: whatever counts is what it makes of it.
async fn write(mut stdin: ChildStdin, still: &Still) -> io::Result<()> {
    stdin.write_all(&still.init).await?;
    stdin.write_all(&still.part).await?;
    stdin.shutdown().await
}

async fn read(stdout: ChildStdout) -> io::Result<Vec<u8>> {
    let mut jpeg = Vec::new();
    // One more than may be: then it was too large.
    stdout.take(LARGEST + 1).read_to_end(&mut jpeg).await?;
    Ok(jpeg)
}
