//! The server is killed again and again while it is written to: what was acknowledged is
//! there, once and where it was said to be, and the server is ready again at once.
//!
//! A few kills in `make test`; as many as `KILL_ROUNDS` says in `make soak`.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use greenroom_tests::api::{Answer, Api};
use greenroom_tests::chat::{ChatClients, Transport, check_log, check_view, log};
use greenroom_tests::server::Server;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often it is killed, unless `KILL_ROUNDS` says otherwise.
const ROUNDS: usize = 25;
/// How long a server may take until it is ready again.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// The same beside all the other tests.
const READY_WITHIN_BUSY: Duration = Duration::from_secs(10);
/// How many post by REST.
const WRITERS: usize = 6;
/// Who talks by Socket.IO, and how often after each start.
const TALKERS: [(&str, Transport); 2] =
    [("ann", Transport::WebSocket), ("guest", Transport::Polling)];
const SAID_EACH: usize = 2;
/// How long a writer rests before it tries again.
const REST: Duration = Duration::from_millis(10);

#[tokio::test]
async fn nothing_acknowledged_is_lost_or_doubled_by_kill_9() {
    let wanted = env::var("KILL_ROUNDS").ok();
    let wanted = wanted.and_then(|rounds| rounds.parse::<usize>().ok());
    let limit = wanted.map_or(READY_WITHIN_BUSY, |_| READY_WITHIN);
    let rounds = wanted.unwrap_or(ROUNDS);

    let mut server = Server::start().await;
    let owner = server.channel("kim").await.token;
    let ann = server.user("ann").await.0;
    let mut clients = ChatClients::of(&server.http());
    for (name, transport) in TALKERS {
        let token = (name == "ann").then_some(&*ann);
        clients.connect(name, transport, token).await;
        let room = json!({ "handle": "kim" });
        clients.follow(name, "join-channel", room).await;
    }
    let all = Arc::new(Progress::default());
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        let name = format!("writer-{n}");
        let api = server.api_as(&server.user(&name).await.0);
        writers.push(tokio::spawn(posts(api, name, Arc::clone(&all))));
    }
    let editor = tokio::spawn(retitles(server.api_as(&owner), Arc::clone(&all)));

    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut worst = Duration::ZERO;
    let mut kept: Vec<(String, Value)> = Vec::new();
    for round in 0..rounds {
        let mut orders = Vec::new();
        for n in 0..SAID_EACH {
            for (name, _) in TALKERS {
                let text = format!("{name}-{round}-{n}");
                let payload = json!({ "handle": "kim", "message": text, "clientMessageId": text });
                let post = json!({ "do": "post", "client": name, "payload": payload });
                orders.push((text, clients.order(post).await));
            }
        }
        // Some are killed as soon as they are ready.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        all.acknowledges(usize::try_from(random % 40).expect("it is small"))
            .await;
        server.kill().await;
        let start = Instant::now();
        server.restart().await;
        worst = worst.max(start.elapsed());
        for (text, order) in orders {
            let answer = clients.answer(order).await;
            assert_eq!(answer["ok"], true, "{text}: {answer}");
            kept.push((text, answer["place"].clone()));
        }
    }

    all.stopped.store(true, Ordering::Relaxed);
    for writer in writers {
        kept.extend(ended(writer).await);
    }
    let titles = ended(editor).await;
    println!(
        "{rounds} kills: {} messages and {} titles acknowledged, ready after {worst:?} at worst",
        kept.len(),
        titles.len()
    );
    assert!(worst < limit, "it took {worst:?} to be ready again");
    check(&server.api(), &mut clients, &kept, &titles).await;
}

/// What all writers have come to.
#[derive(Default)]
struct Progress {
    acknowledged: watch::Sender<usize>,
    stopped: AtomicBool,
}

impl Progress {
    /// Waits until so many more were acknowledged.
    async fn acknowledges(&self, more: usize) {
        let enough = *self.acknowledged.borrow() + more;
        let mut acknowledged = self.acknowledged.subscribe();
        let waited = acknowledged.wait_for(|count| *count >= enough);
        let waited = tokio::time::timeout(Duration::from_secs(20), waited).await;
        waited
            .expect("the writers are answered")
            .expect("the sender is borrowed here");
    }

    /// What was acknowledged. Else it has to be sent again, after a rest.
    async fn note(&self, answer: Option<Answer>) -> Option<Value> {
        match answer {
            Some(answer) if matches!(answer.status, 200 | 201) => {
                self.acknowledged.send_modify(|count| *count += 1);
                return Some(answer.json);
            }
            Some(Answer { status: 429, .. }) | None => tokio::time::sleep(REST).await,
            Some(refused) => panic!("{}: {}", refused.status, refused.text),
        }
        None
    }
}

/// One message after the other; what each said and where it stands.
async fn posts(api: Api, name: String, all: Arc<Progress>) -> Vec<(String, Value)> {
    let mut kept = Vec::new();
    while !all.stopped.load(Ordering::Relaxed) {
        let text = format!("{name}-{}", kept.len());
        let body = json!({ "text": text, "client_message_id": text });
        let line = loop {
            let answer = api.try_post("/api/v1/channels/kim/chat", &body).await;
            if let Some(line) = all.note(answer).await {
                break line;
            }
        };
        kept.push((text, line["place"].clone()));
    }
    kept
}

/// One title after the other; each becomes a line as well.
async fn retitles(api: Api, all: Arc<Progress>) -> Vec<String> {
    let mut kept = Vec::new();
    while !all.stopped.load(Ordering::Relaxed) {
        let title = format!("Title {}", kept.len());
        let body = json!({ "title": title });
        loop {
            let answer = api.try_patch("/api/v1/channels/kim", &body).await;
            if all.note(answer).await.is_some() {
                break;
            }
        }
        kept.push(title);
    }
    kept
}

async fn ended<T>(writer: JoinHandle<T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(20), writer).await;
    ended
        .expect("a writer ends when it is told to")
        .expect("a writer that does not panic")
}

/// Nothing else was written, so the log is exactly what was acknowledged.
async fn check(api: &Api, clients: &mut ChatClients, kept: &[(String, Value)], titles: &[String]) {
    let log = log(api, "kim").await;
    check_log(&log);
    let of = |kind: &'static str| log.iter().filter(move |line| line["type"] == kind);
    let mut said: Vec<_> = of("message")
        .map(|line| (&line["text"], &line["place"]))
        .collect();
    let mut acknowledged: Vec<_> = kept.iter().collect();
    said.sort_by_key(|(text, _)| text.as_str());
    acknowledged.sort_by_key(|(text, _)| text);
    assert_eq!(said.len(), acknowledged.len(), "lost or doubled");
    for ((text, place), (expected, stands)) in said.into_iter().zip(acknowledged) {
        assert_eq!((text, place), (&json!(expected), stands));
    }
    let shown: Vec<_> = of("channel_edited")
        .filter_map(|line| line["title"].as_str())
        .collect();
    assert_eq!(shown, titles, "lost or doubled");
    let channel = api.get("/api/v1/channels/kim").await.expect(200);
    assert_eq!(channel["title"].as_str(), shown.last().copied());

    let last = log.last().and_then(|line| line["seq"].as_u64());
    let last = last.expect("it has lines");
    for (name, _) in TALKERS {
        clients.catches_up(name, last).await;
        check_view(name, &clients.view(name), &log);
        assert_eq!(clients.count(name, "resync"), 0, "{name}");
    }
}
