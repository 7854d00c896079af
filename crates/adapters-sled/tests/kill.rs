//! Killed in the middle of writing, again and again: what was acknowledged is there, all of
//! it or nothing of it, once, without a gap, and the feed tells of exactly that.
//!
//! The writing process is this test's own binary, started again to run
//! [`writes_until_it_is_killed`] alone.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::account::{AccountEvent, Users};
use greenroom_domain::chat::{LineBody, RoomLog, Seq};
use greenroom_domain::shared::commit::{Changes, Commit, CommitError};
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::feed::{Feed, FeedPosition};
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use greenroom_testkit::builders::{
    channel_id, creates_user, event, message, node_id, user, user_id, viewer,
};

/// How often it is killed, unless `KILL_ROUNDS` says otherwise.
const ROUNDS: u32 = 25;
/// How long it may take to open what was left.
const OPEN_WITHIN: Duration = Duration::from_secs(2);
const WRITERS: u32 = 8;
const ROOMS: [&str; 2] = ["first-room", "second-room"];

/// Says to the test's binary that it is the one to be killed: which folder, which round.
const CHILD: &str = "GREENROOM_KILL_TEST";

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let rounds = std::env::var("KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut worst = Duration::ZERO;
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..rounds {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Some are killed while they still open the store.
        let patience = usize::try_from(random % 600).unwrap().saturating_sub(30);
        run_and_kill(folder.path(), round, patience, &mut acknowledged);
        let opened = greenroom_testkit::run(verify(folder.path(), &acknowledged));
        worst = worst.max(opened);
    }
    let count = acknowledged.0.len();
    println!("{rounds} kills: {count} writes acknowledged, opened after {worst:?} at worst");
    assert!(worst < OPEN_WITHIN, "it took {worst:?} to open");
    let enough = 40 * usize::try_from(rounds).unwrap();
    assert!(
        count > enough,
        "{count} writes are too few to show anything"
    );
}

/// Where each client message id was said to stand.
#[derive(Default)]
struct Acknowledged(HashMap<String, (String, Seq)>);

/// Kills the writer once it has acknowledged so many writes, and takes down all that it did.
fn run_and_kill(folder: &Path, round: u32, patience: usize, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, format!("{round}:{}", folder.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    for _ in 0..patience {
        note(
            &told.next().expect("the writer ended by itself").unwrap(),
            acknowledged,
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for line in told {
        note(&line.unwrap(), acknowledged);
    }
}

fn note(told: &str, acknowledged: &mut Acknowledged) {
    let mut words = told.split(' ');
    let (Some("kept"), Some(id), Some(room), Some(seq), None) = (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ) else {
        panic!("the writer failed: {told}");
    };
    let stands = (room.to_owned(), Seq(seq.parse().unwrap()));
    let before = acknowledged.0.insert(id.to_owned(), stands);
    assert_eq!(before, None, "the writer repeats itself");
}

/// Answers with how long it took to open.
async fn verify(folder: &Path, acknowledged: &Acknowledged) -> Duration {
    let start = Instant::now();
    let store = open(folder);
    let opened = start.elapsed();
    let mut in_log: HashMap<String, (String, Seq)> = HashMap::new();
    let mut lengths = HashMap::new();
    for room in ROOMS {
        let lines = store
            .after(channel_id(room), Seq::ZERO, usize::MAX)
            .await
            .unwrap();
        for (line, expected) in lines.iter().zip(1..) {
            assert_eq!(line.place.seq, Seq(expected), "a gap in {room}");
            let LineBody::Message(message) = &line.body else {
                panic!("{room} holds {line:?}")
            };
            let id = message.client_id.as_ref().unwrap().as_str().to_owned();
            let twice = in_log.insert(id.clone(), (room.to_owned(), line.place.seq));
            assert_eq!(twice, None, "{id} is in the log twice");
        }
        lengths.insert(channel_id(room), u64::try_from(lines.len()).unwrap());
    }
    for (id, stands) in &acknowledged.0 {
        assert_eq!(in_log.get(id), Some(stands), "{id} was acknowledged");
    }

    // A commit with an account is there whole, or not at all.
    let with_account: BTreeSet<&str> = in_log
        .keys()
        .map(String::as_str)
        .filter(|id| makes_account(id))
        .collect();
    let accounts = accounts(&store).await;
    assert!(
        accounts.iter().eq(&with_account),
        "accounts and messages differ"
    );

    let mut told = BTreeSet::new();
    let mut at = FeedPosition::START;
    let mut covered: HashMap<_, u64> = HashMap::new();
    for record in Feed::read(&store, at, usize::MAX).await.unwrap() {
        assert_eq!(record.position, FeedPosition(at.0 + 1), "a gap in the feed");
        at = record.position;
        for range in record.lines {
            let before = covered.insert(range.room, range.last.0).unwrap_or(0);
            assert_eq!(
                range.first,
                Seq(before + 1),
                "the feed misses or repeats lines"
            );
        }
        for event in record.events {
            let Happening::Account(AccountEvent::Registered { username, .. }) = event.what else {
                panic!("the feed holds {event:?}")
            };
            assert!(
                told.insert(username.to_string()),
                "{username} is told of twice"
            );
        }
    }
    assert_eq!(Feed::head(&store).await.unwrap(), at);
    lengths.retain(|_, length| *length > 0);
    assert_eq!(covered, lengths, "the feed covers the logs");
    assert!(told.iter().eq(&with_account), "events and messages differ");

    // Whoever was not told, or sends again all the same, learns of the first.
    if let Some((id, (room, seq))) = acknowledged.0.iter().next() {
        let again = store.commit(said(room, id)).await;
        let Err(CommitError::Repeated(first)) = again else {
            panic!("a repeat of {id} was answered {again:?}")
        };
        assert_eq!(first.place.seq, *seq);
    }
    store.close().await;
    opened
}

async fn accounts(store: &SledStore) -> BTreeSet<String> {
    let mut page = PageRequest::first(PageLimit::MAX);
    let mut names = BTreeSet::new();
    loop {
        let answer = store.list(None, &page).await.unwrap().unwrap();
        for user in answer.items {
            let found = store.by_username(&user.username).await.unwrap();
            assert_eq!(found.map(|found| found.value.id), Some(user.id));
            names.insert(user.username.to_string());
        }
        page.after = answer.next;
        if page.after.is_none() {
            return names;
        }
    }
}

/// Not a test of its own: the process that is killed.
#[test]
fn writes_until_it_is_killed() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (round, folder) = told.split_once(':').unwrap();
    let round: u32 = round.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Arc::new(open(Path::new(folder)));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write_for_ever(Arc::clone(&store), round, writer)))
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn write_for_ever(store: Arc<SledStore>, round: u32, writer: u32) {
    let room = ROOMS[usize::try_from(writer).unwrap() % ROOMS.len()];
    for n in 0_u32.. {
        let id = format!("r{round}-w{writer}-n{n}");
        let mut changes = said(room, &id);
        if makes_account(&id) {
            let account = user(&id).build();
            let made = creates_user(&account);
            changes.states = made.states;
            changes.claims = made.claims;
            let registered = AccountEvent::Registered {
                user: user_id(&id),
                username: account.username,
            };
            changes.events.push(event(n, registered));
        }
        let committed = store.commit(changes).await.unwrap();
        let told = format!("kept {id} {room} {}\n", committed.places[0].seq.0);
        // In one piece: half a line would be no acknowledgement.
        std::io::stderr().lock().write_all(told.as_bytes()).unwrap();
    }
}

/// Every fourth commit makes an account too.
fn makes_account(id: &str) -> bool {
    let (_, n) = id.rsplit_once('n').unwrap();
    n.parse::<u32>().unwrap().is_multiple_of(4)
}

fn said(room: &str, id: &str) -> Changes {
    Changes::new().line(
        message(room, viewer(id), "still here?")
            .client_id(id)
            .line(),
    )
}

fn open(folder: &Path) -> SledStore {
    SledStore::open(folder, StoreOptions::new(node_id("kill")).kept_back(0)).unwrap()
}
