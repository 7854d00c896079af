//! What a chat subscription costs, beside async-graphql's own service as its book has it: the
//! server's CPU-seconds per million deliveries, and the memory of an idle connection.
//!
//! `graphql_load RECEIVERS SECONDS PACE` starts each server as a process of its own (on core 0
//! where `taskset` is there) and connects so many subscribers. A pace is how many messages are
//! kept under way (`1`), how many are posted a second (`20hz`), or as many as are taken (`full`).
//! A message is under way until the first of the subscribers has it: its poster, so to say.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_graphql::{EmptyMutation, Object, Schema, SimpleObject, Subscription};
use async_graphql_axum::GraphQLSubscription;
use async_trait::async_trait;
use axum::Router;
use futures_util::{Stream, StreamExt, stream};
use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryObjects, InMemoryPresence, InMemoryStore,
    SystemClock,
};
use greenroom_app::account::become_creator;
use greenroom_app::account::register::{self, Register};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::chat::post::{self, Post};
use greenroom_app::{App, Ports, Roles, Settings};
use greenroom_domain::account::{Password, Role, Username};
use greenroom_domain::channel::{ChannelTitle, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits};
use greenroom_domain::shared::store::StoreError;
use greenroom_testkit::SeededIds;
use greenroom_testkit::builders::{guest_id, node_id};
use greenroom_testkit::identity::{GlassBox, KnownTokens, PlainPasswords};
use greenroom_testkit::media::FakeMediaServer;
use greenroom_testkit::pictures::PlainPictures;
use greenroom_web::WebConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Notify, broadcast};

/// About 200 bytes on the wire.
const TEXT: &str = "Somebody says something of an ordinary length, as people in a crowded room do.";

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", which] => serve(which).await,
        [receivers, seconds, pace] => {
            let (receivers, pace) = (receivers.parse().unwrap(), Pace::parse(pace));
            let length = Duration::from_secs(seconds.parse().unwrap());
            let documented = measure("documented", receivers, length, pace).await;
            let ours = measure("ours", receivers, length, pace).await;
            println!("CPU, ours to documented: {:.2}", ours / documented);
        }
        _ => eprintln!("graphql_load RECEIVERS SECONDS PACE"),
    }
}

/// How messages follow each other.
#[derive(Clone, Copy)]
enum Pace {
    UnderWay(u64),
    EachSecond(u32),
    Full,
}

impl Pace {
    fn parse(text: &str) -> Self {
        match text.strip_suffix("hz") {
            Some(rate) => Self::EachSecond(rate.parse().unwrap()),
            None if text == "full" => Self::Full,
            None => Self::UnderWay(text.parse().unwrap()),
        }
    }
}

// ---- the servers

async fn serve(which: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (router, poster) = match which {
        "ours" => ours().await,
        _ => documented(),
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await.unwrap() {
        match order.split_once(' ') {
            Some(("flood", millis)) => {
                let until = Instant::now() + Duration::from_millis(millis.parse().unwrap());
                while Instant::now() < until {
                    poster.post().await;
                    tokio::task::yield_now().await;
                }
                println!("done");
            }
            _ => poster.post().await,
        }
    }
}

enum Poster {
    Ours(Arc<App>, Post),
    Documented(broadcast::Sender<Line>),
}

impl Poster {
    async fn post(&self) {
        match self {
            Self::Ours(app, line) => {
                let guest = Actor::Guest(guest_id("poster"));
                post::execute(app, &guest, line.clone()).await.unwrap();
            }
            Self::Documented(sender) => {
                let _ = sender.send(Line {
                    place: "0:1".to_owned(),
                    text: TEXT.to_owned(),
                });
            }
        }
    }
}

/// Nobody posts too fast for a measurement.
struct NoLimits;

#[async_trait]
impl RateLimits for NoLimits {
    async fn take(
        &self,
        _: &RateKey,
        _: Quota,
        _: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        Ok(Ok(()))
    }
}

async fn ours() -> (Router, Poster) {
    let store = Arc::new(InMemoryStore::new());
    let roles = Roles {
        presence: Arc::new(InMemoryPresence::default()),
        rate_limits: Arc::new(NoLimits),
        leases: Arc::new(InMemoryLeases::default()),
        bus: Arc::new(InMemoryBus::default()),
        nodes: Arc::new(InMemoryNodes::default()),
        passwords: Arc::new(PlainPasswords),
        tokens: Arc::new(KnownTokens::default()),
        secrets: Arc::new(GlassBox),
        media: Arc::new(FakeMediaServer::default()),
        recorder: None,
        objects: Arc::new(InMemoryObjects::default()),
        pictures: Arc::new(PlainPictures),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SeededIds::new(1)),
    };
    let ports = Ports::over(store, roles);
    let app = App::new(node_id("one"), ports, Settings::default());
    let command = Register {
        username: Username::parse("ada").unwrap(),
        display_name: None,
        password: Password::parse("correct horse".to_owned()).unwrap(),
        peer: None,
    };
    let user = register::execute(&app, &Actor::Operator, command)
        .await
        .unwrap();
    let actor = Actor::User {
        id: user.id,
        role: Role::User,
    };
    become_creator::execute(&app, &actor).await.unwrap();
    let command = CreateChannel {
        handle: Handle::parse("ada").unwrap(),
        title: ChannelTitle::parse("Making").unwrap(),
    };
    let channel = create::execute(&app, &actor, command).await.unwrap();
    let config = WebConfig {
        quota: Quota {
            burst: 1_000_000,
            per: Duration::from_secs(1),
        },
        ..WebConfig::default()
    };
    let router = greenroom_web::router(Arc::clone(&app), &config);
    let line = Post {
        channel: channel.value.id,
        text: TEXT.to_owned(),
        client_id: None,
        reply_to: None,
    };
    (router, Poster::Ours(app, line))
}

#[derive(SimpleObject, Clone)]
struct Line {
    place: String,
    text: String,
}

struct Query;

#[Object]
impl Query {
    async fn nothing(&self) -> bool {
        true
    }
}

struct Chat(broadcast::Sender<Line>);

#[Subscription]
impl Chat {
    async fn chat(&self, handle: String) -> impl Stream<Item = Line> {
        let _ = handle;
        stream::unfold(self.0.subscribe(), async |mut lines| {
            loop {
                match lines.recv().await {
                    Ok(line) => return Some((line, lines)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }
}

fn documented() -> (Router, Poster) {
    let sender = broadcast::Sender::new(256);
    let schema = Schema::new(Query, EmptyMutation, Chat(sender.clone()));
    let service = GraphQLSubscription::new(schema);
    let router = Router::new().route_service("/graphql", service);
    (router, Poster::Documented(sender))
}

// ---- the receivers

/// So many connections come before memory is looked at: what a server needs once is not theirs.
const WARM: usize = 50;

/// What has come to the subscribers.
#[derive(Default)]
struct Count {
    all: AtomicU64,
    /// To the first of them.
    first: AtomicU64,
    news: Notify,
}

/// CPU-seconds per million deliveries.
async fn measure(which: &'static str, receivers: usize, length: Duration, pace: Pace) -> f64 {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("taskset");
    let mut server = command
        .args(["-c", "0"])
        .arg(&program)
        .args(["serve", which])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut orders = server.stdin.take().unwrap();
    let address: SocketAddr = said.next_line().await.unwrap().unwrap().parse().unwrap();
    let pid = pid(&server);
    let count = Arc::new(Count::default());
    let fields = match which {
        "ours" => "... on ChatLine { place body { ... on ChatMessage { text } } }",
        _ => "place text",
    };
    let mut before = 0;
    for nth in 0..WARM + receivers {
        if nth == WARM {
            tokio::time::sleep(Duration::from_secs(1)).await;
            before = resident(pid);
        }
        let query = format!("subscription {{ chat(handle: \\\"ada\\\") {{ {fields} }} }}");
        let stream = subscribed(address, nth, &query).await;
        tokio::spawn(receive(stream, nth == 0, Arc::clone(&count)));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let each = resident(pid).saturating_sub(before) / receivers as u64;
    let (cpu_before, count_before) = (cpu(pid), count.all.load(Ordering::SeqCst));
    if let Pace::Full = pace {
        let order = format!("flood {}\n", length.as_millis());
        orders.write_all(order.as_bytes()).await.unwrap();
        said.next_line().await.unwrap();
    } else {
        post(&mut orders, pace, length, &count).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let deliveries = count.all.load(Ordering::SeqCst) - count_before;
    let per_million = (cpu(pid) - cpu_before) * 1e6 / f64::from(u32::try_from(deliveries).unwrap());
    println!(
        "{which}: {deliveries} deliveries, {per_million:.2} CPU-s per million, {each} KiB each"
    );
    server.kill().await.unwrap();
    per_million
}

/// Has messages posted at this pace.
async fn post(orders: &mut ChildStdin, pace: Pace, length: Duration, count: &Count) {
    let until = Instant::now() + length;
    let mut posted = 0;
    let before = count.first.load(Ordering::SeqCst);
    while Instant::now() < until {
        orders.write_all(b"post\n").await.unwrap();
        posted += 1;
        match pace {
            Pace::UnderWay(most) => loop {
                let news = count.news.notified();
                if count.first.load(Ordering::SeqCst) - before + most > posted {
                    break;
                }
                news.await;
            },
            Pace::EachSecond(rate) => tokio::time::sleep(Duration::from_secs(1) / rate).await,
            Pace::Full => {}
        }
    }
}

async fn subscribed(address: SocketAddr, nth: usize, query: &str) -> TcpStream {
    // As many may come from one address as are of one house.
    let [.., high, low] = nth.to_be_bytes();
    let from = Ipv4Addr::new(127, 1, high, low);
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET /graphql HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: graphql-transport-ws\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    assert!(stream.read(&mut answer).await.unwrap() > 0);
    for text in [
        r#"{"type":"connection_init"}"#.to_owned(),
        // Each its own id, as real clients have.
        format!(
            r#"{{"type":"subscribe","id":"00000000-0000-4000-8000-{nth:012}","payload":{{"query":"{query}"}}}}"#
        ),
    ] {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        let mut frame = vec![0x81, 0xfe, length[0], length[1], 0, 0, 0, 0];
        frame.extend(text.as_bytes());
        stream.write_all(&frame).await.unwrap();
        // The documented service takes no subscription before it has acknowledged.
        if text.contains("connection_init") {
            assert!(stream.read(&mut answer).await.unwrap() > 0);
        }
    }
    stream
}

/// Counts the events that come.
async fn receive(mut stream: TcpStream, is_first: bool, count: Arc<Count>) {
    let mut received = Vec::new();
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        received.extend_from_slice(&bytes[..read]);
        let (mut at, mut frames) = (0, 0);
        while let Some(&[_, short]) = received.get(at..at + 2) {
            let length = match (short, received.get(at + 2..at + 4)) {
                (126, Some(&[high, low])) => 4 + usize::from(u16::from_be_bytes([high, low])),
                (126, _) => break,
                (short, _) => 2 + usize::from(short),
            };
            if received.len() < at + length {
                break;
            }
            at += length;
            frames += 1;
        }
        received.drain(..at);
        count.all.fetch_add(frames, Ordering::SeqCst);
        if is_first {
            count.first.fetch_add(frames, Ordering::SeqCst);
            count.news.notify_one();
        }
    }
}

fn pid(server: &Child) -> u32 {
    server.id().unwrap()
}

/// The process's CPU time so far, in seconds.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let mut fields = after_name.split(' ').skip(11);
    let mut ticks = || fields.next().unwrap().parse::<u32>().unwrap();
    f64::from(ticks() + ticks()) / 100.0
}

/// Its resident memory, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}
