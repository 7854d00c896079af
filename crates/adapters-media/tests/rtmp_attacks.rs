//! What strangers send. The session ends or goes on; it never panics and never
//! holds more than its limits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod rtmp_support;

use bytes::BytesMut;
use greenroom_adapters_media::rtmp::{ChunkError, Limits, RtmpError, Session, Stage};
use rtmp_support::{Chunks, Format, call, connect, feed, hello, media, opening, publishing};

/// Feeds in reads of a socket's size; gives the most that was held, and how it
/// ended.
fn attack(session: &mut Session, bytes: &[u8]) -> (usize, Result<(), RtmpError>) {
    let mut most = 0;
    let mut input = BytesMut::new();
    for read in bytes.chunks(16 * 1024) {
        input.extend_from_slice(read);
        loop {
            match session.poll(&mut input) {
                Ok(None) => break,
                Ok(Some(_)) => {}
                Err(error) => return (most, Err(error)),
            }
        }
        most = most.max(session.buffered_bytes());
    }
    (most, Ok(()))
}

fn stranger() -> Session {
    let mut session = Session::new(Limits::default());
    feed(&mut session, &hello()).unwrap();
    session.take_output();
    session
}

const BEFORE: usize = 256 * 1024;

#[test]
fn chunk_sizes_at_and_beyond_the_edges() {
    for size in [0, 0x8000_0000, u32::MAX] {
        let mut chunks = Chunks::new(128);
        chunks.control(1, &size.to_be_bytes());
        assert_eq!(
            feed(&mut stranger(), &chunks.bytes),
            Err(RtmpError::Chunk(ChunkError::ChunkSize(size)))
        );
    }
    for size in [1, 0xff_ffff, 0x7fff_ffff] {
        let mut session = stranger();
        let mut chunks = Chunks::new(128);
        chunks.set_size(size);
        chunks.command(0, &connect("live"));
        let (most, outcome) = attack(&mut session, &chunks.bytes);
        outcome.unwrap();
        assert!(most < 8 * 1024, "{most} held");
        assert!(session.has_output(), "connect is answered");
    }
    let mut short = Chunks::new(128);
    short.control(1, &[0, 0]);
    assert_eq!(
        feed(&mut stranger(), &short.bytes),
        Err(RtmpError::Control(1))
    );
}

#[test]
fn sixteen_megabytes_declared_on_every_chunk_stream_cost_nothing() {
    for length in [0xff_ffff, 64 * 1024] {
        let mut session = stranger();
        let mut chunks = Chunks::new(128);
        for id in 2..65_536 {
            let format = Format::Full {
                time: 0,
                kind: 9,
                stream: 1,
            };
            chunks.header(id, format, length);
            chunks.bytes.extend([0; 128]);
        }
        let (most, outcome) = attack(&mut session, &chunks.bytes);
        assert!(outcome.is_err());
        assert_eq!(session.stage(), Stage::Closed);
        assert!(most <= BEFORE, "{most} held");
    }
}

#[test]
fn a_stranger_gets_no_more_than_its_bytes_however_it_sends_them() {
    // Messages of the longest length that never end, filled as far as it goes.
    let mut session = stranger();
    let mut chunks = Chunks::new(60_000);
    chunks.set_size(60_000);
    for id in 3..30 {
        let format = Format::Full {
            time: 0,
            kind: 9,
            stream: 1,
        };
        chunks.header(id, format, 64 * 1024);
        chunks.bytes.extend(vec![0; 60_000]);
    }
    let (most, outcome) = attack(&mut session, &chunks.bytes);
    assert_eq!(
        outcome,
        Err(RtmpError::Chunk(ChunkError::TooMuchUnfinished))
    );
    assert!(most <= BEFORE, "{most} held");

    // Whole messages of no use, on and on.
    let mut session = stranger();
    let mut chunks = Chunks::new(128);
    while chunks.bytes.len() < 2 * BEFORE {
        chunks.video(0, &[0; 100]);
    }
    let (most, outcome) = attack(&mut session, &chunks.bytes);
    assert_eq!(outcome, Err(RtmpError::TooMuchBeforePublish));
    assert!(most <= BEFORE, "{most} held");
}

#[test]
fn a_publisher_is_bounded_too() {
    let full = |kind| Format::Full {
        time: 0,
        kind,
        stream: 1,
    };
    let mut chunks = Chunks::new(128);
    chunks.header(6, full(9), (8 << 20) + 1);
    assert_eq!(
        feed(&mut publishing(), &chunks.bytes),
        Err(RtmpError::Chunk(ChunkError::MessageTooLong((8 << 20) + 1)))
    );

    let mut chunks = Chunks::new(1 << 20);
    chunks.set_size(1 << 20);
    for id in 3..30 {
        chunks.header(id, full(9), 8 << 20);
        chunks.bytes.extend(vec![0; 1 << 20]);
    }
    let (most, outcome) = attack(&mut publishing(), &chunks.bytes);
    assert_eq!(
        outcome,
        Err(RtmpError::Chunk(ChunkError::TooMuchUnfinished))
    );
    assert!(most <= 13 << 20, "{most} held");

    // Declared alone, on as many chunk streams as there may be.
    let mut chunks = Chunks::new(128);
    for id in 3..34 {
        chunks.header(id, full(9), 8 << 20);
        chunks.bytes.extend([0; 128]);
    }
    let (most, outcome) = attack(&mut publishing(), &chunks.bytes);
    outcome.unwrap();
    assert!(most <= 31 * 66_000, "{most} held");
}

#[test]
fn amf0_that_declares_or_nests_without_end_is_refused() {
    let mut bombs = vec![vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x05]];
    bombs.push([0x03, 0, 1, b'a'].repeat(4000));
    bombs.push([0x0a, 0, 0, 0, 1].repeat(3200));
    bombs.push([0x08, 0xff, 0xff, 0xff, 0xff, 0, 1, b'a'].repeat(2000));
    for bomb in bombs {
        let mut body = call("connect").to_vec();
        body.truncate(body.len() - 1);
        body.extend(&bomb);
        for kind in [20, 17] {
            let mut chunks = Chunks::new(128);
            chunks.message(
                3,
                Format::Full {
                    time: 0,
                    kind,
                    stream: 0,
                },
                &body,
            );
            let mut session = stranger();
            let (most, outcome) = attack(&mut session, &chunks.bytes);
            assert!(matches!(outcome, Err(RtmpError::Command(_))));
            assert!(most <= BEFORE, "{most} held");
        }
        // As metadata it is not worth ending a stream for.
        let mut chunks = Chunks::new(128);
        let mut body = b"\x02\x00\x0aonMetaData".to_vec();
        body.extend(&bomb);
        let format = Format::Full {
            time: 0,
            kind: 18,
            stream: 1,
        };
        chunks.message(5, format, &body);
        chunks.video(7, b"picture");
        let events = feed(&mut publishing(), &chunks.bytes).unwrap();
        assert_eq!(media(&events).len(), 1);
    }
}

#[test]
fn who_asks_and_does_not_read_is_cut_off() {
    let mut chunks = Chunks::new(128);
    for _ in 0..20_000 {
        chunks.control(4, &[0, 6, 0, 0, 0, 1]); // ping
    }
    let (most, outcome) = attack(&mut publishing(), &chunks.bytes);
    assert_eq!(outcome, Err(RtmpError::OutputBacklog));
    assert!(most <= BEFORE, "{most} held");
}

#[test]
fn a_window_of_zero_bytes_is_neither_a_division_nor_a_flood() {
    let mut session = publishing();
    let mut chunks = Chunks::new(128);
    chunks.control(5, &[0; 4]);
    for n in 0..100 {
        chunks.video(n, &[0; 100]);
    }
    feed(&mut session, &chunks.bytes).unwrap();
    assert!(session.take_output().len() <= 10 * 16);
}

#[test]
fn no_rtmp_is_refused_at_its_first_byte() {
    for start in [&b"GET / HTTP/1.1\r\n"[..], &[6], &[0x16, 3, 1]] {
        let mut session = Session::new(Limits::default());
        assert!(matches!(
            feed(&mut session, start),
            Err(RtmpError::Handshake(_))
        ));
    }
}

#[test]
fn what_comes_behind_the_request_waits_for_the_decision() {
    let mut chunks = opening("live", "key");
    chunks.video(7, &[1; 5000]);
    let mut session = Session::new(Limits::default());
    let mut input = BytesMut::from(&chunks.bytes[..]);
    assert!(session.poll(&mut input).unwrap().is_some());
    assert_eq!(session.stage(), Stage::Deciding);
    assert_eq!(session.poll(&mut input), Ok(None));
    let waiting = input.len();
    assert!(waiting > 5000);
    session.accept_publish();
    assert!(session.poll(&mut input).unwrap().is_some());
    assert!(input.is_empty());
}
