//! The chunk stream: whatever way an encoder cuts and times its messages, they
//! come out whole, in order and at the right time.
#![expect(
    clippy::cast_possible_truncation,
    reason = "patterns and counts are small"
)]

mod rtmp_support;

use bytes::BytesMut;
use greenroom_adapters_media::rtmp::{Event, Limits, Session};
use rtmp_support::{Chunks, Format, drain, feed, media, opening, publishing};

fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed))
        .collect()
}

fn times(events: &[Event]) -> Vec<i64> {
    media(events).into_iter().map(|(time, _)| time).collect()
}

const AUDIO: Format = Format::Full {
    time: 20,
    kind: 8,
    stream: 1,
};
const VIDEO: Format = Format::Full {
    time: 40,
    kind: 9,
    stream: 1,
};

#[test]
fn a_short_message_between_the_chunks_of_a_longer_one_leaves_both_whole() {
    let long = pattern(200, 1);
    let short = pattern(10, 2);
    let mut chunks = Chunks::new(128);
    chunks.header(6, VIDEO, long.len());
    chunks.bytes.extend(&long[..128]);
    chunks.message(4, AUDIO, &short);
    chunks.header(6, Format::Same, 0);
    chunks.bytes.extend(&long[128..]);
    let events = feed(&mut publishing(), &chunks.bytes).unwrap();
    let media = media(&events);
    assert_eq!(media.len(), 2);
    assert_eq!((media[0].0, &media[0].1[..]), (20, &short[..]));
    assert_eq!((media[1].0, &media[1].1[..]), (40, &long[..]));
}

#[test]
fn eight_messages_dealt_out_chunk_by_chunk_come_out_whole() {
    let bodies: Vec<_> = (0..8).map(|n| pattern(1000 + 77 * n, n as u8)).collect();
    let mut chunks = Chunks::new(128);
    for round in 0..13 {
        for (n, body) in bodies.iter().enumerate() {
            let Some(piece) = body.chunks(128).nth(round) else {
                continue;
            };
            let format = if round == 0 { VIDEO } else { Format::Same };
            chunks.header(60 + n as u32, format, body.len());
            chunks.bytes.extend(piece);
        }
    }
    let events = feed(&mut publishing(), &chunks.bytes).unwrap();
    let got: Vec<_> = media(&events).into_iter().map(|(_, body)| body).collect();
    let mut expected = bodies;
    expected.sort_by_key(|body| body.len().div_ceil(128));
    assert_eq!(got.len(), expected.len());
    for body in &expected {
        assert!(got.iter().any(|got| got[..] == body[..]));
    }
}

#[test]
fn a_new_header_inside_a_message_is_refused() {
    let mut chunks = Chunks::new(128);
    chunks.header(6, VIDEO, 200);
    chunks.bytes.extend(pattern(128, 0));
    chunks.message(6, VIDEO, &pattern(200, 0));
    assert!(feed(&mut publishing(), &chunks.bytes).is_err());
}

#[test]
fn an_aborted_message_is_gone_and_the_next_one_whole() {
    let mut chunks = Chunks::new(128);
    chunks.header(6, VIDEO, 200);
    chunks.bytes.extend(pattern(128, 0));
    chunks.control(2, &6_u32.to_be_bytes());
    chunks.video(80, &pattern(300, 3));
    let mut session = publishing();
    let events = feed(&mut session, &chunks.bytes).unwrap();
    let media = media(&events);
    assert_eq!(media.len(), 1);
    assert_eq!((media[0].0, &media[0].1[..]), (80, &pattern(300, 3)[..]));
    assert_eq!(session.buffered_bytes(), 0);
}

#[test]
fn format_three_that_starts_a_message_adds_the_delta_again() {
    let body = pattern(30, 0);
    let mut chunks = Chunks::new(128);
    chunks.message(4, AUDIO, &body);
    chunks.message(4, Format::SameLength { delta: 23 }, &body);
    for _ in 0..3 {
        chunks.message(4, Format::Same, &body);
    }
    let events = feed(&mut publishing(), &chunks.bytes).unwrap();
    assert_eq!(times(&events), [20, 43, 66, 89, 112]);
}

#[test]
fn format_three_after_a_full_header_repeats_its_time_as_delta_if_it_can_be_one() {
    let body = pattern(30, 0);
    for (time, expected) in [
        (0, [0, 0]),
        (23, [23, 46]),
        // No encoder steps an hour at a time: it means "at the same time".
        (3_600_000, [3_600_000, 3_600_000]),
    ] {
        let mut chunks = Chunks::new(128);
        let format = Format::Full {
            time,
            kind: 8,
            stream: 1,
        };
        chunks.message(4, format, &body);
        chunks.message(4, Format::Same, &body);
        let events = feed(&mut publishing(), &chunks.bytes).unwrap();
        assert_eq!(times(&events), expected);
    }
}

#[test]
fn extended_timestamps_count_in_full_with_and_without_their_repetition() {
    let body = pattern(300, 7);
    let time = 0x0100_0010_u32;
    let format = Format::Full {
        time,
        kind: 9,
        stream: 1,
    };
    let mut repeated = Chunks::new(128);
    repeated.message(6, format, &body);
    repeated.message(6, Format::SameLength { delta: 40 }, &body);
    // Some encoders leave the field out of the chunks that continue.
    let mut left_out = Chunks::new(128);
    left_out.header(6, format, body.len());
    left_out.bytes.extend(&body[..128]);
    for piece in [&body[128..256], &body[256..]] {
        left_out.header(6, Format::Same, 0);
        left_out.bytes.extend(piece);
    }
    left_out.message(6, Format::SameLength { delta: 40 }, &body);
    for chunks in [repeated, left_out] {
        let events = feed(&mut publishing(), &chunks.bytes).unwrap();
        let media = media(&events);
        assert_eq!(
            times(&events),
            [i64::from(time), i64::from(time) + 40],
            "absolute, then a short delta"
        );
        assert!(media.iter().all(|(_, got)| got[..] == body[..]));
    }
}

#[test]
fn timestamps_go_on_across_the_wrap_of_32_bits() {
    let body = pattern(30, 0);
    let mut chunks = Chunks::new(128);
    let format = Format::Full {
        time: u32::MAX - 30,
        kind: 8,
        stream: 1,
    };
    chunks.message(4, format, &body);
    for _ in 0..3 {
        chunks.message(4, Format::SameLength { delta: 23 }, &body);
    }
    // The picture wraps by a full header, later than the sound.
    let format = Format::Full {
        time: u32::MAX - 10,
        kind: 9,
        stream: 1,
    };
    chunks.message(6, format, &body);
    chunks.video(30, &body);
    let events = feed(&mut publishing(), &chunks.bytes).unwrap();
    let max = i64::from(u32::MAX);
    assert_eq!(
        times(&events),
        [
            max - 30,
            max - 7,
            max + 16,
            max + 39,
            max - 10,
            max + 1 + 30
        ]
    );
}

#[test]
fn bytes_may_arrive_in_any_pieces() {
    let mut chunks = opening("live", "key");
    chunks.message(6, VIDEO, &pattern(300, 1));
    chunks.set_size(700);
    chunks.message(
        6,
        Format::SameStream { delta: 40, kind: 9 },
        &pattern(2000, 2),
    );
    chunks.message(400, AUDIO, &pattern(50, 3));
    chunks.message(70, AUDIO, &pattern(1500, 4));
    let format = Format::Full {
        time: 0x0100_0000,
        kind: 8,
        stream: 1,
    };
    chunks.message(4, format, &pattern(900, 5));
    chunks.message(4, Format::SameLength { delta: 23 }, &pattern(900, 6));
    chunks.message(4, Format::Same, &pattern(900, 7));
    let bytes = chunks.bytes;

    let whole = {
        let mut session = Session::new(Limits::default());
        let events = feed(&mut session, &bytes).unwrap();
        (events, session.take_output())
    };
    assert_eq!(whole.0.len(), 8);
    let run = |pieces: &[&[u8]]| {
        let mut session = Session::new(Limits::default());
        let mut input = BytesMut::new();
        let mut events = Vec::new();
        for piece in pieces {
            input.extend_from_slice(piece);
            events.extend(drain(&mut session, &mut input).unwrap());
        }
        assert!(input.is_empty());
        (events, session.take_output())
    };
    // Split once at every place, and everywhere at once.
    for at in 0..bytes.len() {
        let (left, right) = bytes.split_at(at);
        assert_eq!(run(&[left, right]), whole, "split at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(run(&single), whole);
}

#[test]
fn messages_larger_than_a_read_arrive_whole_in_chunks_of_any_size() {
    let body = pattern(1_500_000, 9);
    for size in [1, 128, 4096, 65_536, 0xff_ffff, 0x7fff_ffff] {
        let mut chunks = Chunks::new(128);
        chunks.set_size(size);
        chunks.video(0, &body);
        let mut session = publishing();
        let mut input = BytesMut::new();
        let mut events = Vec::new();
        let mut most = 0;
        for read in chunks.bytes.chunks(65_536) {
            input.extend_from_slice(read);
            events.extend(drain(&mut session, &mut input).unwrap());
            most = most.max(session.buffered_bytes());
        }
        let media = media(&events);
        assert_eq!(media.len(), 1, "chunk size {size}");
        assert!(media[0].1[..] == body[..], "chunk size {size}");
        assert!(most <= 2 * body.len(), "{most} held");
    }
}
