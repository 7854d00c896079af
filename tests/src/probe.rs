//! Reading as a player does: ffprobe and ffmpeg's decoders.

use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::child::Running;

/// What decoding for a while gave.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Pictures that came out.
    pub frames: u64,
    /// How far the longest track came.
    pub duration: Duration,
    /// Each complaint of a demuxer or decoder; empty when all was well.
    pub complaints: Vec<String>,
}

/// A flash and the beep that belongs to it, in seconds of the stream.
#[derive(Clone, Copy, Debug)]
pub struct FlashAndBeep {
    /// When the picture turns white.
    pub flash: f64,
    /// When the beep begins.
    pub beep: f64,
}

/// What ffprobe says of streams and format, as its JSON.
pub async fn inspect(url: &str, limit: Duration) -> Result<Value, String> {
    let mut command = Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-show_streams",
        "-show_format",
        "-of",
        "json",
        url,
    ]);
    let output = run(command, limit).await?;
    serde_json::from_str(&output.stdout).map_err(|error| error.to_string())
}

/// The packets of one kind (`v` or `a`) in the first `length`, as ffprobe's JSON.
pub async fn packets(
    url: &str,
    kind: char,
    length: Duration,
    limit: Duration,
) -> Result<Vec<Value>, String> {
    let mut command = Command::new("ffprobe");
    command
        .args([
            "-v",
            "error",
            "-show_packets",
            "-of",
            "json",
            "-select_streams",
        ])
        .arg(kind.to_string())
        .args([
            "-read_intervals",
            &format!("%+{}", length.as_secs_f64()),
            url,
        ]);
    let output = run(command, limit).await?;
    let mut parsed: Value =
        serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    match parsed["packets"].take() {
        Value::Array(packets) => Ok(packets),
        _ => Err("ffprobe showed no packets".to_owned()),
    }
}

/// Decodes every track for `length` of the stream; an error when ffmpeg gave up.
pub async fn decode(url: &str, length: Duration, limit: Duration) -> Result<Decoded, String> {
    let mut command = Command::new("ffmpeg");
    command
        .args([
            "-hide_banner",
            "-nostats",
            "-loglevel",
            "repeat+warning",
            "-progress",
            "pipe:1",
            "-i",
            url,
        ])
        .args(["-t", &length.as_secs_f64().to_string()])
        .args(["-map", "0", "-f", "null", "-"]);
    let output = run(command, limit).await?;

    // `key=value` lines, a block each half second: the last one counts.
    let last = |key: &str| {
        let values = output
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix(key));
        values
            .filter_map(|value| value.trim().parse::<u64>().ok())
            .next_back()
    };
    Ok(Decoded {
        frames: last("frame=").unwrap_or_default(),
        duration: Duration::from_micros(last("out_time_us=").unwrap_or_default()),
        complaints: complaints(&output.stderr),
    })
}

/// What a demuxer or decoder complained about. ffmpeg reads an init segment again with each
/// reload of a playlist, and tells itself off for it.
fn complaints(stderr: &str) -> Vec<String> {
    let lines = stderr
        .lines()
        .filter(|line| !line.contains("Found duplicated MOOV Atom"));
    lines.map(str::to_owned).collect()
}

/// Finds the flashes and beeps of [`crate::ffmpeg::Source::FlashAndBeep`] in the first
/// `length`, each flash with the beep that is nearest to it.
pub async fn flashes_and_beeps(
    url: &str,
    length: Duration,
    limit: Duration,
) -> Result<Vec<FlashAndBeep>, String> {
    let mut command = Command::new("ffmpeg");
    command
        .args([
            "-hide_banner",
            "-nostats",
            "-i",
            url,
            "-t",
            &length.as_secs_f64().to_string(),
        ])
        .args(["-vf", "blackdetect=d=0.3:pic_th=0.9:pix_th=0.2"])
        .args(["-af", "silencedetect=n=-35dB:d=0.3", "-f", "null", "-"]);
    let output = run_whole(command, limit).await?;

    // A flash begins where black ends, a beep where silence ends.
    // The end of the stream ends the last black too, and is no flash.
    let mut flashes = numbers_after(&output.stderr, "black_end:");
    flashes.pop();
    let beeps = numbers_after(&output.stderr, "silence_end:");
    Ok(flashes
        .into_iter()
        .filter_map(|flash| {
            let distance = |beep: &f64| (beep - flash).abs();
            let beep = beeps
                .iter()
                .copied()
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
            Some(FlashAndBeep { flash, beep })
        })
        .collect())
}

fn numbers_after(text: &str, label: &str) -> Vec<f64> {
    text.split(label)
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
        .collect()
}

struct Output {
    stdout: String,
    stderr: String,
}

/// Runs to the end; standard error is cut to its last lines.
async fn run(command: Command, limit: Duration) -> Result<Output, String> {
    let mut running = Running::start(command);
    drop(running.stdin());
    let mut stdout = String::new();
    let mut from = running.stdout().expect("standard output is piped");
    let whole = tokio::time::timeout(limit, from.read_to_string(&mut stdout)).await;
    if whole.is_err() {
        let tail = running.tail();
        running.kill().await;
        return Err(format!("not done after {limit:?}:\n{tail}"));
    }
    match running.ended(Duration::from_secs(5)).await {
        Some(status) if status.success() => Ok(Output {
            stdout,
            stderr: running.tail(),
        }),
        Some(status) => Err(format!("{status}:\n{}", running.tail())),
        None => Err("it closed its output and did not end".to_owned()),
    }
}

/// Runs to the end and keeps the whole of standard error.
async fn run_whole(mut command: Command, limit: Duration) -> Result<Output, String> {
    command
        .kill_on_drop(true)
        .stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(limit, command.output())
        .await
        .map_err(|_| format!("not done after {limit:?}"))?
        .map_err(|error| error.to_string())?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("{}:\n{stderr}", output.status));
    }
    Ok(Output {
        stdout: String::new(),
        stderr,
    })
}
