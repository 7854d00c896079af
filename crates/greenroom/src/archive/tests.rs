//! Archives out of one store and into another, and archives that are none.

mod commands;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use greenroom_adapters_memory::InMemoryStore;
use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::commit::{Changes, Commit};
use greenroom_domain::shared::feed::{Consumer, CursorMove, Feed, FeedPosition};
use greenroom_testkit::builders::{node_id, noon_plus};
use greenroom_testkit::{ManualClock, run};
use proptest::prelude::*;
use tokio::io::BufReader;

use self::commands::{Command, KINDS, commands};
use super::import::{ImportError, fill};
use super::*;

async fn carry_out(store: &(impl Commit + Feed), commands: &[Command]) {
    for command in commands {
        // Refused or not: what counts is what is in the store then.
        let _ = store.commit(command.changes()).await;
    }
    let head = store.head().await.unwrap();
    if let Some(to) = head.0.checked_sub(1).filter(|to| *to > 0) {
        let cursor = CursorMove {
            consumer: Consumer("effects"),
            from: FeedPosition::START,
            to: FeedPosition(to),
        };
        let moved = Changes {
            cursor: Some(cursor),
            ..Changes::new()
        };
        store.commit(moved).await.unwrap();
        let forgotten = FeedPosition(to / 2);
        store.prune(forgotten, noon_plus(1000)).await.unwrap();
    }
}

fn sled(folder: &Path) -> SledStore {
    SledStore::open(folder, StoreOptions::new(node_id("node")).kept_back(0)).unwrap()
}

async fn exported(store: &Arc<impl Archive + 'static>) -> (Vec<u8>, Summary) {
    let exporter = Exporter {
        archive: Arc::clone(store) as Arc<dyn Archive>,
        clock: Arc::new(ManualClock::at(noon_plus(0))),
        store: "test",
        master_key: "0123456789abcdef".to_owned(),
    };
    let mut bytes = Vec::new();
    let summary = exporter.export(&mut bytes, &mut |_| {}).await.unwrap();
    (bytes, summary)
}

async fn imported(store: &dyn Archive, bytes: &[u8]) -> Result<Summary, ImportError> {
    let reader = Reader::open(BufReader::new(bytes)).await?;
    fill(store, reader, Purpose::Move, &mut |_| {}).await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_was_done_moves_to_another_store_and_back(commands in commands()) {
        run(async {
            let first = Arc::new(InMemoryStore::new());
            carry_out(&*first, &commands).await;
            let (archive, summary) = exported(&first).await;

            let folder = tempfile::tempdir().unwrap();
            let second = Arc::new(sled(folder.path()));
            assert_eq!(imported(&*second, &archive).await.unwrap(), summary);
            let (again, same) = exported(&second).await;
            assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(archive).unwrap());
            assert_eq!(same, summary);
        });
    }

    #[test]
    fn what_was_done_on_disk_moves_into_memory(commands in commands()) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let first = Arc::new(sled(folder.path()));
            carry_out(&*first, &commands).await;
            let (archive, summary) = exported(&first).await;
            let second = Arc::new(InMemoryStore::new());
            assert_eq!(imported(&*second, &archive).await.unwrap(), summary);
            let (again, _) = exported(&second).await;
            assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(archive).unwrap());
        });
    }
}

/// An archive with some of everything, as text.
async fn archive() -> String {
    let store = Arc::new(InMemoryStore::new());
    let of = |what, n| Command {
        what,
        who: 0,
        n,
        version: 1,
        text: "hello".to_owned(),
    };
    let done: Vec<Command> = (0..KINDS)
        .flat_map(|what| [of(what, 1), of(what, 2)])
        .collect();
    carry_out(&*store, &done).await;
    String::from_utf8(exported(&store).await.0).unwrap()
}

#[tokio::test]
async fn a_restored_history_is_another_one() {
    let archive = archive().await;
    let store = Arc::new(InMemoryStore::new());
    let reader = Reader::open(BufReader::new(archive.as_bytes()))
        .await
        .unwrap();
    let restored = fill(&*store, reader, Purpose::Restore, &mut |_| {}).await;
    assert!(restored.unwrap().entries.total() > 2);
    let (again, _) = exported(&store).await;
    // Neither the header nor the footer.
    let entries = |text: &str| {
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines[1..lines.len() - 1].join("\n")
    };
    let again = entries(&String::from_utf8(again).unwrap());
    let expected = entries(&archive).replace("\"epoch\":1", "\"epoch\":2");
    assert!(expected.contains("\"epoch\":2,\"seq\":1"));
    assert_eq!(again, expected, "and nothing else is different");
}

/// Why a text cannot be imported, once it is clear that nothing of it was kept.
async fn refused(text: &[u8]) -> ReadError {
    let store = Arc::new(InMemoryStore::new());
    let error = match imported(&*store, text).await {
        Err(ImportError::Read(error)) => error,
        Err(ImportError::Store(archive::ImportError::Source(source))) => {
            *source.downcast::<ReadError>().unwrap()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(exported(&store).await.1.entries.total(), 2);
    error
}

#[tokio::test]
async fn an_archive_that_breaks_off_is_refused_wherever_it_does() {
    let archive = archive().await;
    for end in (0..archive.len()).step_by(97).chain([archive.len() - 1]) {
        let error = refused(&archive.as_bytes()[..end]).await;
        assert!(
            matches!(error, ReadError::Torn { .. } | ReadError::NotAnArchive),
            "after {end} bytes: {error:?}"
        );
    }
    let lines: Vec<&str> = archive.lines().collect();
    let without_end = lines[..lines.len() - 1].join("\n") + "\n";
    let error = refused(without_end.as_bytes()).await;
    let whole = lines.len() as u64 - 1;
    assert!(
        matches!(error, ReadError::Torn { line } if line == whole),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_archive_that_was_changed_is_refused() {
    let archive = archive().await;
    let changed = archive.replace("hello", "hullo");
    assert!(matches!(
        refused(changed.as_bytes()).await,
        ReadError::Checksum
    ));
    let other_key = archive.replace("0123456789abcdef", "fedcba9876543210");
    assert!(matches!(
        refused(other_key.as_bytes()).await,
        ReadError::Checksum
    ));
    let no_json = archive.replace("{\"user\":", "{\"user\"");
    assert!(matches!(
        refused(no_json.as_bytes()).await,
        ReadError::Malformed { line: 3, .. }
    ));
    let no_name = archive.replace("\"username\":\"ada\"", "\"username\":\"a\"");
    assert!(matches!(
        refused(no_name.as_bytes()).await,
        ReadError::Malformed { .. }
    ));
    let no_key = archive.replace("\"key\":\"key-1\"", "\"key\":\"key 1\"");
    assert!(matches!(
        refused(no_key.as_bytes()).await,
        ReadError::Malformed { .. }
    ));
    let more = format!("{archive}{{}}\n");
    assert!(matches!(refused(more.as_bytes()).await, ReadError::GoesOn));
}

#[tokio::test]
async fn lines_that_are_not_in_their_places_are_refused() {
    let archive = archive().await;
    let lines: Vec<&str> = archive.split_inclusive('\n').collect();
    for n in 1..lines.len() - 1 {
        let mut without = lines.clone();
        without.remove(n);
        let error = refused(without.concat().as_bytes()).await;
        assert!(
            matches!(error, ReadError::Disordered { .. } | ReadError::Checksum),
            "without line {n}: {error:?}"
        );
        let mut twice = lines.clone();
        twice.insert(n, lines[n]);
        let error = refused(twice.concat().as_bytes()).await;
        assert!(
            matches!(error, ReadError::Disordered { .. }),
            "{n} twice: {error:?}"
        );
    }
    let mut header_again = lines.clone();
    header_again.insert(1, lines[0]);
    let error = refused(header_again.concat().as_bytes()).await;
    assert!(
        matches!(error, ReadError::Disordered { line: 2, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_archive_of_this_version_is_refused() {
    let newer = "{\"header\":{\"format\":2,\"anything\":true}}\n";
    let error = refused(newer.as_bytes()).await;
    assert!(matches!(error, ReadError::Format { found: 2 }), "{error:?}");
    assert!(error.to_string().contains("format 2"), "{error}");
    for text in [
        "",
        "\n",
        "{}",
        "{}\n",
        "PK\u{3}\u{4}\n",
        "[1]\n",
        "{\"header\":{}}\n",
    ] {
        let error = refused(text.as_bytes()).await;
        assert!(
            matches!(error, ReadError::NotAnArchive),
            "{text:?}: {error:?}"
        );
    }
    let why = refused(b"{\"refused\":\"not today\"}\n").await;
    assert_eq!(why.to_string(), "not today");
}

#[tokio::test]
async fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let endless = BufReader::new(tokio::io::repeat(b'x'));
    let opened = tokio::time::timeout(Duration::from_secs(30), Reader::open(endless)).await;
    assert!(matches!(opened, Ok(Err(ReadError::NotAnArchive))));
}
