use proptest::prelude::*;

use super::*;

/// A client's frame, masked.
fn client(first: u8, data: &[u8]) -> Vec<u8> {
    let plain = frame(first, data);
    let body = payload_of(&plain);
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut out = plain[..plain.len() - body.len()].to_vec();
    out[1] |= 0x80;
    out.extend_from_slice(&mask);
    out.extend(
        body.iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    out
}

fn all(decoder: &mut Decoder, bytes: &[u8], step: usize) -> Result<Vec<Message>, FrameError> {
    let mut messages = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        decoder.feed(piece);
        while let Some(message) = decoder.decode()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_arrive_whole_however_they_are_cut(
        texts in prop::collection::vec("\\PC{0,300}", 1..6), step in 1_usize..400,
    ) {
        let bytes: Vec<u8> = texts.iter().flat_map(|text| client(0x81, text.as_bytes())).collect();
        let mut decoder = Decoder::new(4096);
        let read = all(&mut decoder, &bytes, step).unwrap();
        prop_assert_eq!(read, texts.into_iter().map(Message::Text).collect::<Vec<_>>());
        prop_assert!(!decoder.is_partial());
        prop_assert_eq!(decoder.buffer.capacity(), 0);
    }

    #[test]
    fn random_bytes_never_panic_and_never_grow_the_buffer(
        bytes in prop::collection::vec(any::<u8>(), 0..2000), step in 1_usize..64,
    ) {
        let mut decoder = Decoder::new(256);
        let _ = all(&mut decoder, &bytes, step);
        prop_assert!(decoder.message.len() <= 256);
    }

    #[test]
    fn a_shared_frame_gives_back_its_payload(payload in ".{0,70000}") {
        prop_assert_eq!(payload_of(&text(&payload)), payload.as_bytes());
    }
}

#[test]
fn fragments_are_joined_around_a_ping() {
    let mut bytes = client(0x01, b"hel");
    bytes.extend(client(0x89, b"?"));
    bytes.extend(client(0x80, b"lo"));
    let read = all(&mut Decoder::new(16), &bytes, 5).unwrap();
    assert_eq!(
        read,
        [Message::Ping(b"?".to_vec()), Message::Text("hello".into())]
    );
}

#[test]
fn a_giant_declared_length_is_refused_before_a_byte_of_it() {
    let mut decoder = Decoder::new(16);
    decoder.feed(&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(decoder.decode(), Err(FrameError::TooLarge));
    let mut decoder = Decoder::new(16);
    decoder.feed(&client(0x81, &[b'a'; 17])[..6]);
    assert_eq!(decoder.decode(), Err(FrameError::TooLarge));
}

#[test]
fn fragments_are_bounded_in_number_and_in_sum() {
    let mut many = client(0x01, b"");
    for _ in 0..MAX_FRAGMENTS {
        many.extend(client(0x00, b""));
    }
    assert_eq!(
        all(&mut Decoder::new(1000), &many, 9),
        Err(FrameError::TooLarge)
    );

    let mut large = client(0x01, &[b'a'; 10]);
    large.extend(client(0x80, &[b'a'; 10]));
    assert_eq!(
        all(&mut Decoder::new(16), &large, 9),
        Err(FrameError::TooLarge)
    );
}

#[test]
fn what_breaks_the_rfc_is_refused() {
    for bytes in [
        vec![0x81, 0x01, b'a'],                            // not masked
        client(0xc1, b"a"),                                // a reserved bit
        client(0x83, b"a"),                                // a reserved opcode
        client(0x80, b"a"),                                // a continuation of nothing
        client(0x09, b"a"),                                // a fragmented ping
        vec![0x89, 0xfe, 0x00, 0x7e],                      // a ping of 126 bytes
        [client(0x01, b"a"), client(0x81, b"b")].concat(), // a message inside another
    ] {
        assert_eq!(
            all(&mut Decoder::new(16), &bytes, 99),
            Err(FrameError::Malformed),
            "{bytes:x?}"
        );
    }
    assert_eq!(
        all(&mut Decoder::new(16), &client(0x82, b"a"), 99),
        Err(FrameError::Binary)
    );
    assert_eq!(
        all(&mut Decoder::new(16), &client(0x81, b"\xff"), 99),
        Err(FrameError::NotUtf8)
    );
}
