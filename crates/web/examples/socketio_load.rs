//! Measures a Socket.IO server: CPU per delivery and memory per connection.
//!
//! `socketio_load ADDR PID RECEIVERS SECONDS IN_FLIGHT|RATEhz`: opens that many WebSockets to the
//! server with this process id, sends `post` events on the first and counts the `message` events
//! that all of them get. `IN_FLIGHT` posts are kept under way, or `RATE` are sent per second
//! (`20hz`). A post is under way until its sender has it back, or, with `all` behind the number,
//! until everybody has it, which leaves a server nothing to combine. The server is expected to send every `post` on to everybody as `message`.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;

/// Deliveries so far, and who waits for the next ones.
#[derive(Default)]
struct Count {
    deliveries: AtomicU64,
    own: AtomicU64,
    awaited: AtomicU64,
    reached: Notify,
    broken: AtomicBool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, receivers, seconds, pace] = args.as_slice() else {
        return Err(io::Error::other(
            "ADDR PID RECEIVERS SECONDS IN_FLIGHT|RATEhz",
        ));
    };
    let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
    let (receivers, seconds) = (number(receivers)?, number(seconds)?);
    let before = memory(pid)?;
    let count = Arc::new(Count::default());
    let mut first = None;
    for _ in 0..receivers {
        let (read, write) = connect(address).await?;
        tokio::spawn(receive(read, Arc::clone(&count), first.is_none()));
        if first.is_none() {
            first = Some(write);
        } else {
            // Half of a socket that is dropped would close it; the process ends soon enough.
            std::mem::forget(write);
        }
    }
    let mut sender = first.ok_or_else(|| io::Error::other("no receivers"))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = memory(pid)?;
    println!(
        "{receivers} connections: {:.1} KiB each (server {} -> {} KiB)",
        (idle.saturating_sub(before)) as f64 / receivers as f64,
        before,
        idle
    );

    let post = masked(&format!(r#"42["post",{{"text":"{}"}}]"#, "x".repeat(180)));
    // Warm up, then measure.
    run(
        &mut sender,
        &post,
        &count,
        receivers,
        Duration::from_secs(1),
        pace,
    )
    .await?;
    let (cpu, start, from) = (usage(pid)?, Instant::now(), count.deliveries.load(Relaxed));
    run(
        &mut sender,
        &post,
        &count,
        receivers,
        Duration::from_secs(seconds),
        pace,
    )
    .await?;
    let elapsed = start.elapsed().as_secs_f64();
    let deliveries = (count.deliveries.load(Relaxed) - from) as f64;
    let now = usage(pid)?;
    let (user, system) = (now[0] - cpu[0], now[1] - cpu[1]);
    let spent = user + system;
    println!(
        "pace {pace}: {deliveries} deliveries in {elapsed:.1} s, {:.0}/s; {user:.2}+{system:.2} CPU-s, {:.2} CPU-s per million{}",
        deliveries / elapsed,
        spent / deliveries * 1e6,
        if count.broken.load(Relaxed) {
            "; A CONNECTION BROKE"
        } else {
            ""
        }
    );
    println!(
        "after: {:.1} KiB each",
        (memory(pid)?.saturating_sub(before)) as f64 / receivers as f64
    );
    Ok(())
}

/// Sends for so long, at this pace, and waits for the last delivery.
async fn run(
    sender: &mut OwnedWriteHalf,
    post: &[u8],
    count: &Count,
    receivers: u64,
    time: Duration,
    pace: &str,
) -> io::Result<()> {
    let until = Instant::now() + time;
    let base = count.deliveries.load(Relaxed);
    let mut sent = 0;
    if let Some(rate) = pace.strip_suffix("hz") {
        let rate: f64 = rate.parse().map_err(io::Error::other)?;
        let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
        while Instant::now() < until {
            interval.tick().await;
            sender.write_all(post).await?;
            sent += 1;
        }
    } else {
        let all = pace.ends_with("all");
        let in_flight: u64 = pace
            .trim_end_matches("all")
            .parse()
            .map_err(io::Error::other)?;
        let own = count.own.load(Relaxed);
        let done = || {
            if all {
                (count.deliveries.load(Relaxed) - base) / receivers
            } else {
                count.own.load(Relaxed) - own
            }
        };
        while Instant::now() < until && !count.broken.load(Relaxed) {
            let before = done();
            while sent < before + in_flight {
                sender.write_all(post).await?;
                sent += 1;
            }
            count
                .awaited
                .store(base + (before + 1) * receivers, Relaxed);
            while done() == before && !count.broken.load(Relaxed) {
                count.reached.notified().await;
            }
        }
    }
    wait(count, base + sent * receivers).await;
    Ok(())
}

async fn wait(count: &Count, deliveries: u64) {
    count.awaited.store(deliveries, Relaxed);
    while count.deliveries.load(Relaxed) < deliveries && !count.broken.load(Relaxed) {
        count.reached.notified().await;
    }
}

/// Opens a WebSocket and connects to the namespace.
async fn connect(address: &str) -> io::Result<(OwnedReadHalf, OwnedWriteHalf)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    until(&mut stream, b"pingTimeout").await?;
    stream.write_all(&masked("40")).await?;
    until(&mut stream, b"40{\"sid\"").await?;
    Ok(stream.into_split())
}

async fn until(stream: &mut TcpStream, word: &[u8]) -> io::Result<()> {
    let mut seen = Vec::new();
    while !seen.windows(word.len()).any(|window| window == word) {
        if stream.read_buf(&mut seen).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Counts the `message` events of one connection.
async fn receive(read: OwnedReadHalf, count: Arc<Count>, sender: bool) {
    // The rest of a frame that is still to come, and a header that is cut in two.
    let (mut skip, mut cut) = (0_usize, Vec::new());
    let mut buffer = Vec::new();
    loop {
        if read.readable().await.is_err() {
            break;
        }
        buffer.clear();
        buffer.append(&mut cut);
        buffer.reserve(4096);
        match read.try_read_buf(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                cut = std::mem::take(&mut buffer);
                continue;
            }
            Err(_) => break,
        }
        let mut at = skip.min(buffer.len());
        skip -= at;
        let mut messages = 0;
        while at < buffer.len() {
            let rest = &buffer[at..];
            let (header, length) = match rest {
                [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
                [_, 126 | 127, ..] | [_] => (usize::MAX, 0),
                [_, length, ..] => (2, usize::from(*length)),
                [] => break,
            };
            if header == usize::MAX || rest.len() < (header + 6).min(header + length) {
                cut = rest.to_vec();
                break;
            }
            messages += u64::from(rest[header..].starts_with(b"42[\"me"));
            let frame = header + length;
            skip = frame.saturating_sub(rest.len());
            at += frame.min(rest.len());
        }
        let total = count.deliveries.fetch_add(messages, Relaxed) + messages;
        if sender {
            count.own.fetch_add(messages, Relaxed);
        }
        if sender && messages > 0 || total >= count.awaited.load(Relaxed) {
            count.reached.notify_one();
        }
        if buffer.capacity() > 16 * 1024 {
            buffer = Vec::new();
        }
    }
    count.broken.store(true, Relaxed);
    count.reached.notify_one();
}

/// A client's text frame; a mask of zeroes is a mask.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length @ 0..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0xfe);
            let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// The process's CPU time, user and system, in seconds (`/proc/PID/stat`, in ticks of 10 ms).
fn usage(pid: &str) -> io::Result<[f64; 2]> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let mut ticks = fields
        .skip(11)
        .filter_map(|field| field.parse::<f64>().ok());
    let mut next = || ticks.next().unwrap_or_default() / 100.0;
    Ok([next(), next()])
}

/// The process's resident memory, in KiB.
fn memory(pid: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .ok_or_else(|| io::Error::other("no VmRSS"))
}
