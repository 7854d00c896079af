//! What is published: 1080p at 30 frames a second and 4 Mbit/s, encoded once, so that encoding
//! costs nothing while something is measured.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use greenroom_tests::tools;
use tokio::process::{Child, Command};

/// As `ffmpeg` is told. A constant rate, key frames each 2 s, B-frames.
const ENCODE: &str = "-f lavfi -i testsrc2=size=1920x1080:rate=30 \
    -f lavfi -i sine=frequency=440:sample_rate=48000 -t 60 \
    -c:v libx264 -preset ultrafast -profile:v high -bf 2 -g 60 -keyint_min 60 -sc_threshold 0 \
    -b:v 4M -maxrate 4M -bufsize 4M -nal-hrd cbr -pix_fmt yuv420p \
    -c:a aac -b:a 128k -ac 2 -f flv";

/// The encoded file, made when it is not there.
pub(crate) async fn file() -> io::Result<PathBuf> {
    let folder = tools::workspace().join("target/bench");
    let file = folder.join("1080p30-4M.flv");
    if file.exists() {
        return Ok(file);
    }
    std::fs::create_dir_all(&folder)?;
    println!("encoding {} once …", file.display());
    let half = folder.join("half.flv");
    let status = ffmpeg()
        .arg("-y")
        .args(ENCODE.split_whitespace())
        .arg(&half)
        .status()
        .await?;
    if !status.success() {
        return Err(io::Error::other("ffmpeg cannot encode the source"));
    }
    std::fs::rename(half, &file)?;
    Ok(file)
}

/// Publishes the file over and over, at the pace of its timestamps, until dropped.
pub(crate) async fn publish(url: &str) -> io::Result<Child> {
    ffmpeg()
        .args(["-re", "-stream_loop", "-1", "-i"])
        .arg(file().await?)
        .args(["-c", "copy", "-f", "flv", url])
        .spawn()
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-hide_banner", "-loglevel", "fatal", "-nostdin"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}
