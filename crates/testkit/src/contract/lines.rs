//! Promises of `Commit` and
//! `RoomLog`: numbers without a gap, text that is gone once it is redacted.

use std::sync::Arc;

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Badge, ChatSettings, Content, Line, LineBody, Message, NewLine, Place, Seq,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError};
use greenroom_domain::shared::feed::FeedPosition;

use super::bodies::bodies;
use super::{Subject, keep};
use crate::builders::{
    channel, channel_id, creates_channel, guest, message, noon_plus, stream_id, title, user, viewer,
};

/// A room nobody has spoken in ends at 0, and has no line.
pub async fn an_empty_room_has_no_lines(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    for handle in ["ada", "unheard-of"] {
        let room = channel_id(handle);
        assert_eq!(head(store, handle).await.seq, Seq::ZERO);
        assert_eq!(after(store, handle, 0, 10).await, []);
        assert_eq!(before(store, handle, None, 10).await, []);
        for seq in [0, 1, u64::MAX] {
            let line = store.room_log().line(room, Seq(seq)).await;
            assert_eq!(line.expect("a read"), None);
        }
    }
}

/// Lines are numbered 1, 2, 3 in each room, in the order in which they stand in the changes,
/// and are read as they were written, of whatever kind.
pub async fn lines_are_read_as_they_were_written(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    keep(store, creates_channel(&channel("bea"))).await;
    let bodies = bodies();
    let count = bodies.len();
    let mut changes = Changes::new();
    for (n, body) in bodies.iter().enumerate() {
        let at = noon_plus(n as u64) + std::time::Duration::from_micros(n as u64);
        for handle in ["ada", "bea"] {
            changes = changes.line(NewLine {
                room: channel_id(handle),
                at,
                body: body.clone(),
                policy_seen: None,
            });
        }
    }
    let written = changes.lines.clone();
    let places = keep(store, changes).await.places;
    assert_eq!(places.len(), written.len(), "one place for each line");

    for (index, (new, place)) in written.iter().zip(&places).enumerate() {
        assert_eq!(place.seq, Seq(index as u64 / 2 + 1), "consecutive numbers");
        let line = store.room_log().line(new.room, place.seq).await;
        let expected = Line {
            place: *place,
            at: new.at,
            body: new.body.clone(),
        };
        assert_eq!(line.expect("a read"), Some(expected));
    }
    for handle in ["ada", "bea"] {
        assert_eq!(head(store, handle).await.seq, Seq(count as u64));
        let read = after(store, handle, 0, 100).await;
        let read: Vec<_> = read.into_iter().map(|line| line.body).collect();
        assert_eq!(read, bodies);
    }
    let epochs: Vec<_> = places.iter().map(|place| place.epoch).collect();
    assert_eq!(
        epochs,
        vec![head(store, "ada").await.epoch; places.len()],
        "one epoch while no history is lost"
    );
}

/// The log is read forwards and backwards, in parts, always oldest first.
pub async fn the_log_is_read_both_ways(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    // A neighbour's lines must not show.
    for handle in ["ada", "bea"] {
        for n in 1..=10 {
            keep(store, says(handle, &format!("{handle} {n}"))).await;
        }
    }
    let texts = |lines: Vec<Line>| lines.iter().map(text).collect::<Vec<_>>();
    let expected = |numbers: std::ops::RangeInclusive<u64>| {
        numbers.map(|n| format!("ada {n}")).collect::<Vec<_>>()
    };
    assert_eq!(texts(after(store, "ada", 0, 3).await), expected(1..=3));
    assert_eq!(texts(after(store, "ada", 3, 3).await), expected(4..=6));
    assert_eq!(texts(after(store, "ada", 8, 3).await), expected(9..=10));
    assert!(after(store, "ada", 10, 3).await.is_empty());
    assert!(after(store, "ada", u64::MAX, 3).await.is_empty());
    assert_eq!(texts(before(store, "ada", None, 3).await), expected(8..=10));
    let back = |seq| Some(Seq(seq));
    assert_eq!(
        texts(before(store, "ada", back(8), 3).await),
        expected(5..=7)
    );
    assert_eq!(
        texts(before(store, "ada", back(3), 3).await),
        expected(1..=2)
    );
    assert!(before(store, "ada", back(1), 3).await.is_empty());
    assert!(before(store, "ada", back(0), 3).await.is_empty());
    assert_eq!(
        texts(before(store, "ada", back(u64::MAX), 3).await),
        expected(8..=10)
    );
}

/// Many write to several rooms at once: every room's numbers are without a gap, everybody
/// finds their own line where they were told, and the lines of one commit stand together.
pub async fn concurrent_lines_leave_no_gap(store: &Subject) {
    const ROOMS: [&str; 3] = ["ada", "bea", "cleo"];
    const WRITERS: u64 = 6;
    const EACH: u64 = 10;
    for handle in ROOMS {
        keep(store, creates_channel(&channel(handle))).await;
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for n in 0..EACH {
                    writes_to_all(&store, &ROOMS, &format!("{writer}/{n}")).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer that does not panic");
    }
    for handle in ROOMS {
        let lines = after(store, handle, 0, 1000).await;
        let numbers: Vec<_> = lines.iter().map(|line| line.place.seq.0).collect();
        let expected: Vec<_> = (1..=2 * WRITERS * EACH).collect();
        assert_eq!(numbers, expected, "in the room of {handle}");
        for pair in lines.chunks(2) {
            assert_eq!(text(&pair[0]), text(&pair[1]), "of one commit");
        }
    }
}

async fn writes_to_all(store: &Subject, rooms: &[&str], text: &str) {
    let author = viewer("bea");
    let mut changes = Changes::new();
    for handle in rooms.iter().chain(rooms) {
        changes = changes.line(message(handle, author, text).line());
    }
    let places = keep(store, changes).await.places;
    for (handle, place) in rooms.iter().chain(rooms).zip(places) {
        let line = store.room_log().line(channel_id(handle), place.seq).await;
        let line = line.expect("a read").expect("the line is there");
        assert_eq!(
            (line.place, self::text(&line)),
            (place, text.to_owned()),
            "a line stands where its writer was told"
        );
    }
}

/// Text that was redacted is read nowhere any more; its line keeps its place and author, and a
/// repeat of it is still one.
pub async fn redacted_text_is_gone(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let secret = message("ada", viewer("bea"), "a secret slipped out").client_id("m-1");
    keep(store, says("ada", "before")).await;
    keep(store, Changes::new().line(secret.clone().line())).await;
    keep(store, says("ada", "after")).await;

    let room = channel_id("ada");
    let deletion = || {
        let mut changes = Changes::new().line(NewLine {
            room,
            at: noon_plus(1),
            body: LineBody::Deleted { target: Seq(2) },
            policy_seen: None,
        });
        changes.redactions.push((room, Seq(2)));
        changes
    };
    keep(store, deletion()).await;
    keep(store, deletion()).await;

    let mut reads = after(store, "ada", 0, 100).await;
    reads.extend(before(store, "ada", None, 100).await);
    reads.extend(store.room_log().line(room, Seq(2)).await.expect("a read"));
    match store
        .commit()
        .commit(Changes::new().line(secret.line()))
        .await
    {
        Err(CommitError::Repeated(first)) => reads.push(*first),
        other => panic!("a repeat of a redacted message is one: {other:?}"),
    }
    for line in &reads {
        assert!(!format!("{line:?}").contains("slipped"), "{line:?}");
    }
    let redacted: Vec<_> = reads
        .iter()
        .filter(|line| line.place.seq == Seq(2))
        .collect();
    assert_eq!(redacted.len(), 4, "the line keeps its place");
    for line in redacted {
        match &line.body {
            LineBody::Message(message) => {
                assert_eq!(message.content, Content::Deleted);
                assert_eq!(message.author.identity, viewer("bea"));
            }
            other => panic!("a redacted message is still a message: {other:?}"),
        }
    }
    let feed = store.feed().read(FeedPosition::START, 100).await;
    assert!(!format!("{:?}", feed.expect("a read")).contains("slipped"));
    let texts: Vec<_> = after(store, "ada", 0, 100).await.iter().map(text).collect();
    assert_eq!(
        (&*texts[0], &*texts[2]),
        ("before", "after"),
        "only that one"
    );
}

/// There is nothing to redact where there is no line, or where a line is no message; and what
/// comes in the same commit is not meant.
pub async fn redacting_nothing_does_nothing(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let started = NewLine {
        room: channel_id("ada"),
        at: noon_plus(1),
        body: LineBody::StreamStarted {
            stream: stream_id("ada", 1),
            title: title("On air"),
        },
        policy_seen: None,
    };
    keep(store, Changes::new().line(started)).await;
    let lines = after(store, "ada", 0, 10).await;
    let mut changes = Changes::new();
    for seq in [0, 1, 2, u64::MAX] {
        changes.redactions.push((channel_id("ada"), Seq(seq)));
    }
    changes.redactions.push((channel_id("unheard-of"), Seq(1)));
    keep(store, changes).await;
    assert_eq!(after(store, "ada", 0, 10).await, lines);

    let mut changes = says("ada", "the next one");
    changes.redactions.push((channel_id("ada"), Seq(2)));
    keep(store, changes).await;
    let next = after(store, "ada", 1, 10).await;
    assert_eq!(next.iter().map(text).collect::<Vec<_>>(), ["the next one"]);
}

/// The longest and strangest message comes back as it was.
pub async fn the_largest_message_fits(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    // A flag is one grapheme of 8 bytes.
    let flags = "🇺🇳".repeat(usize::from(ChatSettings::LONGEST));
    let strange = "\u{202E}<script>&amp;\u{0}\u{FFFF}\r\n\t'\"\\ e\u{301} \u{10FFFF}";
    for written in [flags.as_str(), strange] {
        let new = message("ada", guest("bea"), written)
            .client_id(&"~".repeat(64))
            .reply_to(Seq(u64::MAX >> 1))
            .at(Timestamp::from_micros(i64::MAX));
        let mut line = new.line();
        if let LineBody::Message(message) = &mut line.body {
            message.author.name = DisplayName::parse(&"👩🏽‍🚀".repeat(50)).expect("50 graphemes");
            message.author.username = Some(user(&"u".repeat(32)).build().username);
            message.author.badges = vec![Badge::Owner, Badge::Admin];
            if written == strange {
                message.client_id = None;
            }
        }
        let place = keep(store, Changes::new().line(line.clone())).await.places[0];
        let read = store.room_log().line(line.room, place.seq).await;
        let read = read.expect("a read").expect("the line is there");
        assert_eq!((read.at, read.body), (line.at, line.body));
    }
}

pub(super) fn says(handle: &str, text: &str) -> Changes {
    Changes::new().line(message(handle, viewer("bea"), text).line())
}

/// What a message says; of other lines, what they are.
pub(super) fn text(line: &Line) -> String {
    match &line.body {
        LineBody::Message(Message {
            content: Content::Text(text),
            ..
        }) => text.text.clone(),
        other => format!("{other:?}"),
    }
}

pub(super) async fn head(store: &Subject, handle: &str) -> Place {
    let head = store.room_log().head(channel_id(handle)).await;
    head.expect("a read")
}

pub(super) async fn after(store: &Subject, handle: &str, seq: u64, limit: usize) -> Vec<Line> {
    let room = channel_id(handle);
    let lines = store.room_log().after(room, Seq(seq), limit).await;
    lines.expect("a read")
}

async fn before(store: &Subject, handle: &str, seq: Option<Seq>, limit: usize) -> Vec<Line> {
    let room = channel_id(handle);
    let lines = store.room_log().before(room, seq, limit).await;
    lines.expect("a read")
}
