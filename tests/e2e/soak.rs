//! Everybody talks at two nodes while nodes are killed, PostgreSQL crashes, and Redis is away:
//! what was acknowledged is there, once, and everybody saw it in one order without a gap.
//!
//! One of each fault in `make test`. `make soak` goes on for `SOAK_SECONDS` (600), and begins
//! again where a run failed when `SOAK_SEED` is what that run printed.

use std::env;
use std::time::{Duration, Instant};

use greenroom_testkit::servers::StopMode;
use greenroom_tests::chat::{ChatClients, Order, Transport, check_log, check_view, log};
use greenroom_tests::cluster::Cluster;
use serde_json::{Value, json};

/// Long enough for whatever waits for it to have given up.
const REDIS_AWAY: Duration = Duration::from_secs(10);
/// How many messages each says in a round.
const EACH: usize = 8;
/// Who talks: at which node, how, and as whom.
const MEMBERS: [(usize, &str, Transport, Option<&str>); 5] = [
    (0, "ann", Transport::WebSocket, Some("ann")),
    (0, "guest", Transport::WebSocket, None),
    (1, "bob", Transport::Polling, Some("bob")),
    (1, "other guest", Transport::Upgrade, None),
    (1, "ann elsewhere", Transport::WebSocket, Some("ann")),
];

/// What goes wrong in a round.
#[derive(Clone, Copy, Debug)]
enum Fault {
    KillNode(usize),
    CrashPostgres,
    RedisAway,
}

const FAULTS: [Fault; 4] = [
    Fault::KillNode(0),
    Fault::CrashPostgres,
    Fault::RedisAway,
    Fault::KillNode(1),
];

#[tokio::test]
async fn nothing_is_lost_or_doubled_whatever_dies() {
    let seconds = number("SOAK_SECONDS").unwrap_or(0);
    let seed = number("SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()) | 1);
    println!("SOAK_SEED={seed}");
    let mut talk = Talk::begin(seed).await;
    let begun = Instant::now();
    let mut rounds = 0;
    while rounds < FAULTS.len() || begun.elapsed() < Duration::from_secs(seconds) {
        // Each once, then as the seed has it.
        let fault = match FAULTS.get(rounds) {
            Some(fault) => *fault,
            None => FAULTS[talk.random(FAULTS.len())],
        };
        talk.round(rounds, fault).await;
        rounds += 1;
    }
    println!(
        "{rounds} rounds, {} messages",
        rounds * EACH * MEMBERS.len()
    );
}

struct Talk {
    cluster: Cluster,
    clients: [ChatClients; 2],
    acknowledged: Vec<(String, Value)>,
    seed: u64,
}

impl Talk {
    async fn begin(seed: u64) -> Self {
        let cluster = Cluster::start(2).await;
        cluster.nodes[0].channel("kim").await;
        let ann = cluster.nodes[0].user("ann").await.0;
        let bob = cluster.nodes[0].user("bob").await.0;
        let mut clients = [0, 1].map(|node: usize| ChatClients::of(&cluster.nodes[node].http()));
        for (node, name, transport, user) in MEMBERS {
            let token = user.map(|user| if user == "ann" { &*ann } else { &*bob });
            clients[node].connect(name, transport, token).await;
            clients[node]
                .follow(name, "join-channel", json!({ "handle": "kim" }))
                .await;
        }
        Self {
            cluster,
            clients,
            acknowledged: Vec::new(),
            seed,
        }
    }

    /// Everybody talks, something goes wrong in the middle, and all is as it should be.
    async fn round(&mut self, round: usize, fault: Fault) {
        println!("round {round}: {fault:?}");
        let mut orders = Vec::new();
        for n in 0..EACH {
            for (node, name, ..) in MEMBERS {
                let text = format!("{}-{round}-{n}", name.replace(' ', "-"));
                let payload = json!({ "handle": "kim", "message": text, "clientMessageId": text });
                let post = json!({ "do": "post", "client": name, "payload": payload });
                orders.push((node, text, self.clients[node].order(post).await));
            }
        }
        let until = format!("guest-{round}-{}", self.random(EACH));
        let heard = |it: &Value| it["text"] == until.as_str();
        self.clients[1].hears("bob", "new-message", heard).await;
        self.goes_wrong(fault).await;
        self.answered(orders).await;
        self.check().await;
    }

    async fn goes_wrong(&mut self, fault: Fault) {
        match fault {
            Fault::KillNode(node) => {
                self.cluster.nodes[node].kill().await;
                self.cluster.nodes[node].restart().await;
            }
            Fault::CrashPostgres => self.cluster.postgres.restart(StopMode::Immediate),
            Fault::RedisAway => {
                self.cluster.redis.stop();
                // How long it is away is what this is about.
                tokio::time::sleep(REDIS_AWAY).await;
                self.cluster.redis.start_again();
            }
        }
    }

    async fn answered(&mut self, orders: Vec<(usize, String, Order)>) {
        for (node, text, order) in orders {
            let answer = self.clients[node].answer(order).await;
            assert_eq!(answer["ok"], true, "{text}: {answer}");
            self.acknowledged.push((text, answer["place"].clone()));
        }
    }

    async fn check(&mut self) {
        let kept = log(&self.cluster.nodes[1].api(), "kim").await;
        assert_eq!(kept, log(&self.cluster.nodes[0].api(), "kim").await);
        check_log(&kept);
        for (text, place) in &self.acknowledged {
            let found: Vec<&Value> = kept
                .iter()
                .filter(|line| line["text"] == text.as_str())
                .collect();
            assert_eq!(found.len(), 1, "{text} is there once");
            assert_eq!(&found[0]["place"], place, "{text}");
        }
        let last = kept.last().and_then(|line| line["seq"].as_u64());
        let last = last.expect("it has lines");
        for (node, name, ..) in MEMBERS {
            self.clients[node].catches_up(name, last).await;
            check_view(name, &self.clients[node].view(name), &kept);
            assert_eq!(self.clients[node].count(name, "resync"), 0, "{name}");
        }
    }

    /// Below `end`, as the seed has it (xorshift64).
    fn random(&mut self, end: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from(self.seed % end as u64).expect("it is below a usize")
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
