//! Measures a Socket.IO server: CPU per delivery and memory per connection.
//!
//! `socketio_load ADDR PID RECEIVERS SECONDS PACE...`: opens that many WebSockets to the server
//! with this process id, each from an address of its own (of 127.0.0.0/8, as servers count by
//! it), joins the channel `bench`, sends `send-message` on one after the other and counts the
//! `new-message` events that all of them get. A pace is how many messages are kept under way
//! (`8`), or how many are sent per second (`20hz`). A message is under way until its sender has
//! the acknowledgement, or, with `all` behind the number, until everybody has the message, which
//! leaves a server nothing to combine. Nobody sends faster than a channel allows by default.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;

/// How often one of them may send: 10 messages per 3 s, less a little.
const SEND_INTERVAL: Duration = Duration::from_millis(310);
/// Nothing that is awaited takes longer, unless it was refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message as it is delivered.
const DELIVERY: &[u8] = b"42[\"new-message\"";
/// The acknowledgement of a message.
const ANSWER: &[u8] = b"431[{\"ok\":true";
/// What is said to one who sends too fast, say.
const REFUSALS: [&[u8]; 2] = [b"42[\"error\"", b"431[{\"ok\":false"];
const LONGEST_PREFIX: usize = 16;

/// Deliveries so far, and who waits for the next ones.
#[derive(Default)]
struct Count {
    deliveries: AtomicU64,
    bytes: AtomicU64,
    answered: AtomicU64,
    awaited: AtomicU64,
    reached: Notify,
    broken: AtomicBool,
}

/// Who speaks, one after the other.
struct Senders {
    writes: Vec<(OwnedWriteHalf, Instant)>,
    next: usize,
    post: Vec<u8>,
    /// All had to wait until they might send again.
    held: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, receivers, seconds, paces @ ..] = args.as_slice() else {
        return Err(io::Error::other("ADDR PID RECEIVERS SECONDS PACE..."));
    };
    let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
    let (receivers, seconds) = (number(receivers)?, number(seconds)?);
    let address = address.parse().map_err(io::Error::other)?;
    let before = memory(pid)?;
    let count = Arc::new(Count::default());
    let mut senders = Senders {
        writes: Vec::new(),
        next: 0,
        post: masked(&format!(
            r#"421["send-message",{{"handle":"bench","message":"{}"}}]"#,
            "x".repeat(180)
        )),
        held: false,
    };
    for receiver in 0..receivers {
        let (read, write, frames) = connect(address, receiver).await?;
        tokio::spawn(receive(read, frames, Arc::clone(&count)));
        senders.writes.push((write, Instant::now()));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = memory(pid)?;
    println!(
        "{receivers} connections: {:.1} KiB each (server {before} -> {idle} KiB)",
        idle.saturating_sub(before) as f64 / receivers as f64,
    );
    for pace in paces {
        // Warm up, then measure.
        run(&mut senders, &count, Duration::from_secs(1), pace).await?;
        senders.held = false;
        let (cpu, start) = (usage(pid)?, Instant::now());
        let (from, bytes) = (count.deliveries.load(Relaxed), count.bytes.load(Relaxed));
        run(&mut senders, &count, Duration::from_secs(seconds), pace).await?;
        let elapsed = start.elapsed().as_secs_f64();
        let deliveries = (count.deliveries.load(Relaxed) - from) as f64;
        let bytes = (count.bytes.load(Relaxed) - bytes) as f64;
        let spent = usage(pid)? - cpu;
        println!(
            "pace {pace}: {:.0} deliveries/s of {:.0} B; {spent:.2} CPU-s, {:.3} CPU-s per million{}{}",
            deliveries / elapsed,
            bytes / deliveries,
            spent / deliveries * 1e6,
            if senders.held {
                "; held back by the rate limit"
            } else {
                ""
            },
            if count.broken.load(Relaxed) {
                "; A CONNECTION BROKE"
            } else {
                ""
            },
        );
    }
    println!(
        "after: {:.1} KiB each",
        memory(pid)?.saturating_sub(before) as f64 / receivers as f64
    );
    Ok(())
}

impl Senders {
    /// The next one that may send sends.
    async fn send(&mut self) -> io::Result<()> {
        let at = self.next % self.writes.len();
        self.next += 1;
        let (write, may_send_at) = &mut self.writes[at];
        // It has ten to begin with.
        let early = may_send_at.saturating_duration_since(Instant::now());
        let wait = early.saturating_sub(SEND_INTERVAL * 9);
        if !wait.is_zero() {
            self.held = true;
            tokio::time::sleep(wait).await;
        }
        *may_send_at = (*may_send_at).max(Instant::now()) + SEND_INTERVAL;
        write.write_all(&self.post).await
    }
}

/// Sends for so long, at this pace, and waits for the last delivery.
async fn run(senders: &mut Senders, count: &Count, time: Duration, pace: &str) -> io::Result<()> {
    let receivers = senders.writes.len() as u64;
    let until = Instant::now() + time;
    let base = count.deliveries.load(Relaxed);
    let mut sent = 0;
    if let Some(rate) = pace.strip_suffix("hz") {
        let rate: f64 = rate.parse().map_err(io::Error::other)?;
        let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
        while Instant::now() < until {
            interval.tick().await;
            senders.send().await?;
            sent += 1;
        }
    } else {
        let all = pace.ends_with("all");
        let in_flight: u64 = pace
            .trim_end_matches("all")
            .parse()
            .map_err(io::Error::other)?;
        let answered = count.answered.load(Relaxed);
        let done = || {
            if all {
                (count.deliveries.load(Relaxed) - base) / receivers
            } else {
                count.answered.load(Relaxed) - answered
            }
        };
        while Instant::now() < until && !count.broken.load(Relaxed) {
            let before = done();
            while sent < before + in_flight {
                senders.send().await?;
                sent += 1;
            }
            count
                .awaited
                .store(base + (before + 1) * receivers, Relaxed);
            while done() == before && !count.broken.load(Relaxed) {
                count.wait().await;
            }
        }
    }
    let deliveries = base + sent * receivers;
    count.awaited.store(deliveries, Relaxed);
    while count.deliveries.load(Relaxed) < deliveries && !count.broken.load(Relaxed) {
        count.wait().await;
    }
    Ok(())
}

impl Count {
    async fn wait(&self) {
        if tokio::time::timeout(PATIENCE, self.reached.notified())
            .await
            .is_err()
        {
            self.broken.store(true, Relaxed);
        }
    }
}

/// Opens a WebSocket, connects to the namespace and joins the channel. Also what was read of
/// frames meanwhile.
async fn connect(
    server: SocketAddr,
    number: u64,
) -> io::Result<(OwnedReadHalf, OwnedWriteHalf, Vec<u8>)> {
    let [.., high, low] = number.to_be_bytes();
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 78, high, low), 0)))?;
    let mut stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {server}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let mut seen = Vec::new();
    stream.write_all(request.as_bytes()).await?;
    until(&mut stream, &mut seen, b"pingTimeout").await?;
    stream.write_all(&masked("40")).await?;
    until(&mut stream, &mut seen, b"40{\"sid\"").await?;
    let join = masked(r#"420["join-channel",{"handle":"bench"}]"#);
    stream.write_all(&join).await?;
    let answered = until(&mut stream, &mut seen, br#"430[{"ok":"#).await?;
    if !seen[answered..].starts_with(b"true") {
        let said = String::from_utf8_lossy(&seen[answered..]).into_owned();
        return Err(io::Error::other(format!("it may not join: {said}")));
    }
    let head = find(&seen, b"\r\n\r\n").unwrap_or_default();
    let frames = seen.split_off(head);
    let (read, write) = stream.into_split();
    Ok((read, write, frames))
}

/// Reads until this was seen and some bytes behind it: where it ends.
async fn until(stream: &mut TcpStream, seen: &mut Vec<u8>, word: &[u8]) -> io::Result<usize> {
    loop {
        if let Some(end) = find(seen, word).filter(|end| seen.len() >= end + 4) {
            return Ok(end);
        }
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(seen)).await?;
        if read? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Where a word ends.
fn find(seen: &[u8], word: &[u8]) -> Option<usize> {
    let at = seen.windows(word.len()).position(|window| window == word);
    at.map(|at| at + word.len())
}

/// Counts the `new-message` events of one connection, of which `cut` was read before.
async fn receive(read: OwnedReadHalf, mut cut: Vec<u8>, count: Arc<Count>) {
    // The rest of a frame that is still to come; a header that is cut in two is in `cut`.
    let mut skip = 0_usize;
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
        let (mut messages, mut bytes, mut answers) = (0, 0, 0);
        while at < buffer.len() {
            let rest = &buffer[at..];
            let (header, length) = match rest {
                [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
                [_, 126 | 127, ..] | [_] => (usize::MAX, 0),
                [_, length, ..] => (2, usize::from(*length)),
                [] => break,
            };
            if header == usize::MAX || rest.len() < header + length.min(LONGEST_PREFIX) {
                cut = rest.to_vec();
                break;
            }
            let frame = header + length;
            if rest[header..].starts_with(DELIVERY) {
                messages += 1;
                bytes += frame as u64;
            } else if rest[header..].starts_with(ANSWER) {
                answers += 1;
            } else if REFUSALS.iter().any(|no| rest[header..].starts_with(no)) {
                let said = String::from_utf8_lossy(&rest[header..frame.min(rest.len())]);
                println!("refused: {said}");
                count.broken.store(true, Relaxed);
            }
            skip = frame.saturating_sub(rest.len());
            at += frame.min(rest.len());
        }
        let total = count.deliveries.fetch_add(messages, Relaxed) + messages;
        count.bytes.fetch_add(bytes, Relaxed);
        count.answered.fetch_add(answers, Relaxed);
        if answers > 0 || total >= count.awaited.load(Relaxed) {
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

/// The process's CPU time in seconds, of all threads that live (`/proc/PID/task/*/schedstat`).
fn usage(pid: &str) -> io::Result<f64> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let first = stat.split_whitespace().next().unwrap_or_default();
        nanoseconds += first.parse::<u64>().map_err(io::Error::other)?;
    }
    Ok(Duration::from_nanos(nanoseconds).as_secs_f64())
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
