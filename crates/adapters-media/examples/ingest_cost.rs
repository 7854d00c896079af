//! What taking in a live stream costs: an FLV file is sent in real time, over and over, by a few
//! encoders at once, through loopback TCP into a whole engine in another process.
//!
//! ```text
//! ffmpeg -f lavfi -i testsrc2=size=1920x1080:rate=30 -f lavfi -i sine=sample_rate=48000 -t 30 \
//!   -c:v libx264 -preset veryfast -g 60 -sc_threshold 0 -b:v 4M -maxrate 4M -bufsize 4M \
//!   -pix_fmt yuv420p -c:a aac -b:a 128k /tmp/1080p30.flv
//! cargo run --release -p greenroom-adapters-media --example ingest_cost -- /tmp/1080p30.flv
//! ```
//!
//! Optional arguments after the file: how many encoders (10), for how many seconds (30), how many
//! threads the engine has (2).

#[path = "../tests/rtmp_support/mod.rs"]
mod rtmp_support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_adapters_media::{Door, Engine, EngineConfig};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    IngestLease, MediaEvent, MediaEvents, PlaybackLease, PlaybackRefused, PlaybackRequest,
    PublishRefused, PublishRequest,
};
use greenroom_domain::shared::clock::{Clock, Timestamp};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{NOON, channel_id, stream_id};
use rtmp_support::{Chunks, Format, opening};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// As encoders send: a frame is a few of these.
const CHUNK: u32 = 4096;
/// Time to get going before it is measured: until the window of segments is full, memory is new
/// and costs more.
const WARM_UP: Duration = Duration::from_secs(24);

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().ok_or("which FLV file?")?;
    if first == "--engine" {
        return engine(arguments.next().ok_or("how many threads?")?.parse()?);
    }
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |it| it.parse());
    let (encoders, seconds, threads) = (number(10)?, number(30)?, number(2)?);
    let messages = Arc::new(read_flv(&std::fs::read(first)?)?);

    let mut server = Command::new(std::env::current_exe()?)
        .args(["--engine", &threads.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    let output = server.stdout.take().ok_or("a pipe")?;
    BufReader::new(output).read_line(&mut address)?;
    let address: SocketAddr = address.trim().parse()?;
    for n in 0..encoders {
        let messages = Arc::clone(&messages);
        // Spread over the time between two frames.
        std::thread::sleep(Duration::from_millis(33) / u32::try_from(encoders)?);
        std::thread::spawn(move || {
            if let Err(error) = encode(address, &messages) {
                eprintln!("encoder {n}: {error}");
            }
        });
    }
    std::thread::sleep(WARM_UP);
    let (before, began) = (cpu(server.id())?, Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let used = cpu(server.id())?.saturating_sub(before);
    let took = began.elapsed();
    let share = used.as_secs_f64() / took.as_secs_f64() * 100.0;
    let each = share / f64::from(u32::try_from(encoders)?);
    println!("{encoders} encoders for {took:.1?}: {share:.2} % of a core, {each:.3} % each");
    print!("{}", memory(server.id())?);
    drop(server.stdin.take());
    server.wait()?;
    Ok(())
}

/// Runs an engine until its input ends.
fn engine(threads: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let engine = Engine::new(EngineConfig::default(), Arc::new(Running(Instant::now())));
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(engine.run(
            vec![Door::plain(listener)],
            Arc::new(Anybody::default()),
            shutdown.clone(),
        ));
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        shutdown.cancel();
        running.await?;
        Ok(())
    })
}

/// Sends the file in real time until the server is gone.
fn encode(address: SocketAddr, messages: &[Message]) -> Result<(), Failure> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let key = "gk_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    socket.write_all(&opening("live", key).bytes)?;
    let mut answers = socket.try_clone()?;
    std::thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
    let mut chunks = Chunks::new(128);
    chunks.set_size(CHUNK);
    let began = Instant::now();
    let length = messages.last().ok_or("an empty file")?.time + 33;
    let mut offset = 0;
    loop {
        for (at, message) in messages.iter().enumerate() {
            // Only the first round tells the codecs.
            if offset > 0 && message.is_config {
                continue;
            }
            let time = offset + message.time;
            let id = if message.kind == 9 { 6 } else { 4 };
            let format = Format::Full {
                time,
                kind: message.kind,
                stream: 1,
            };
            let due = began + Duration::from_millis(time.into());
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            chunks.message(id, format, &message.body);
            let next = messages.get(at + 1).map(|next| next.time);
            if next != Some(message.time) {
                socket.write_all(&std::mem::take(&mut chunks.bytes))?;
            }
        }
        offset += length;
    }
}

/// An FLV tag.
struct Message {
    kind: u8,
    time: u32,
    body: Vec<u8>,
    is_config: bool,
}

/// The sound and pictures of an FLV file (Adobe FLV 10.1, annex E).
fn read_flv(file: &[u8]) -> Result<Vec<Message>, Failure> {
    let mut rest = file.get(9 + 4..).ok_or("not an FLV file")?;
    let mut messages = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<11>() {
        let kind = head[0];
        let length = usize::try_from(u32::from_be_bytes([0, head[1], head[2], head[3]]))?;
        let body = after.get(..length).ok_or("a tag is cut off")?;
        if kind == 8 || kind == 9 {
            messages.push(Message {
                kind,
                // The high byte comes last.
                time: u32::from_be_bytes([head[7], head[4], head[5], head[6]]),
                body: body.to_vec(),
                is_config: body.get(1) == Some(&0),
            });
        }
        rest = after.get(length + 4..).unwrap_or_default();
    }
    Ok(messages)
}

/// The time that a process has run, by the scheduler's books, to the nanosecond.
fn cpu(process: u32) -> Result<Duration, Failure> {
    let mut total = 0;
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let books = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let run: u64 = books.split(' ').next().ok_or("empty books")?.parse()?;
        total += run;
    }
    Ok(Duration::from_nanos(total))
}

fn memory(process: u32) -> Result<String, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let lines = status.split_inclusive('\n');
    Ok(lines.filter(|line| line.starts_with("VmRSS")).collect())
}

/// Runs on from noon.
struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        NOON + self.0.elapsed()
    }
}

/// Gives every encoder a channel of its own.
#[derive(Default)]
struct Anybody(AtomicU64);

#[async_trait]
impl MediaEvents for Anybody {
    async fn authorize_publish(&self, _: PublishRequest) -> Result<IngestLease, PublishRefused> {
        let handle = format!("channel{}", self.0.fetch_add(1, Ordering::Relaxed));
        Ok(IngestLease {
            stream: stream_id(&handle, 1),
            channel: channel_id(&handle),
            handle: Handle::parse(&handle)
                .map_err(|error| PublishRefused::Unavailable(Box::new(error)))?,
            generation: Generation(1),
        })
    }

    async fn authorize_playback(
        &self,
        _: PlaybackRequest,
    ) -> Result<PlaybackLease, PlaybackRefused> {
        Err(PlaybackRefused::NoSuchChannel)
    }

    async fn report(&self, _: MediaEvent) -> Result<(), StoreError> {
        Ok(())
    }
}
