//! What fuzzers run, as plain functions: the targets of `cargo fuzz` call them,
//! and so do the ordinary tests, over the stored corpora and random bytes. They
//! return on every input and panic where a promise is broken.

use bytes::{Bytes, BytesMut};

use crate::codec::{Codec, CodecConfig};
use crate::flv::{self, Metadata};
use crate::ingest::Ingest;
use crate::rtmp::amf0::{MAX_DEPTH, Reader, Value, Writer};
use crate::rtmp::{Event, Limits, Session, Stage};

/// A stranger's first bytes.
pub fn handshake(data: &[u8]) {
    drive(&mut Session::new(Limits::default()), data, 1460);
}

/// A connection's bytes after the handshake. The first one says whether the
/// peer is publishing already (bit 0) and how the rest is cut into reads.
pub fn chunks(data: &[u8]) {
    let Some((&head, rest)) = data.split_first() else {
        return;
    };
    let mut session = Session::new(Limits::default());
    let opening = opening();
    // Everything but the last command, or everything.
    let end = if head & 1 == 0 {
        opening.handshake
    } else {
        opening.bytes.len()
    };
    drive(&mut session, &opening.bytes[..end], usize::MAX);
    drive(&mut session, rest, usize::from(head >> 1) * 64 + 1);
}

/// AMF0 values one after the other.
pub fn amf0(data: &[u8]) {
    fn walk(value: Value<'_>, depth: usize) {
        assert!(depth <= MAX_DEPTH + 1, "deeper than the reader allows");
        match value {
            Value::Object(object) => object.iter().for_each(|(_, value)| walk(value, depth + 1)),
            Value::Array(array) => array.iter().for_each(|value| walk(value, depth + 1)),
            _ => {}
        }
    }
    let mut reader = Reader::new(data);
    // Every level of a walk reads what is below it again.
    if data.len() <= 4096 {
        while let Ok(value) = reader.value() {
            walk(value, 0);
        }
    }
    let _ = Metadata::parse(data);
}

/// The body of an FLV tag behind a byte that says of which kind.
pub fn flv(data: &[u8]) {
    let Some((&head, rest)) = data.split_first() else {
        return;
    };
    let body = Bytes::copy_from_slice(rest);
    let tag = if head & 1 == 0 {
        flv::video(body)
    } else {
        flv::audio(body)
    };
    if let Ok(flv::Tag::Frame(frame)) = tag {
        assert!(!frame.data.is_empty(), "an empty frame");
    }
}

/// A decoder configuration behind a byte that says of which codec.
pub fn codec_config(data: &[u8]) {
    let Some((&head, record)) = data.split_first() else {
        return;
    };
    let codecs = [Codec::Avc, Codec::Hevc, Codec::Av1, Codec::Aac, Codec::Opus];
    let codec = codecs[usize::from(head) % codecs.len()];
    if let Ok(config) = CodecConfig::parse(codec, record) {
        assert_eq!(config.codec, codec);
        assert!(config.timescale() > 0, "no timescale");
        assert!(config.rfc6381.is_ascii(), "not a codec string");
        if codec != Codec::Opus {
            let again = CodecConfig::parse(codec, &config.record).ok();
            assert_eq!(again, Some(config), "not the same when read again");
        }
    }
}

/// What an encoder sends until it has asked to publish.
struct Opening {
    bytes: Vec<u8>,
    handshake: usize,
}

fn opening() -> Opening {
    let mut bytes = vec![3];
    bytes.resize(1 + 2 * 1536, 0);
    let handshake = bytes.len();
    let connect = Writer::new()
        .string("connect")
        .number(1.0)
        .object()
        .key("app")
        .string("live")
        .end()
        .finish();
    let publish = Writer::new()
        .string("publish")
        .number(2.0)
        .null()
        .string("key")
        .string("live")
        .finish();
    for (stream, body) in [(0, connect), (1, publish)] {
        debug_assert!(body.len() <= 128, "fits one chunk of the first size");
        bytes.extend([3, 0, 0, 0, 0, 0]);
        bytes.extend(u8::try_from(body.len()));
        bytes.push(20);
        bytes.extend(u32::to_le_bytes(stream));
        bytes.extend(&body[..]);
    }
    Opening { bytes, handshake }
}

/// Feeds a session as a socket would, and holds it to its bounds.
fn drive(session: &mut Session, data: &[u8], read: usize) {
    let limits = Limits::default();
    let mut input = BytesMut::new();
    let mut ingest = Ingest::new();
    for piece in data.chunks(read.max(1)) {
        if session.stage() == Stage::Deciding {
            return; // the listener stops reading
        }
        input.extend_from_slice(piece);
        loop {
            match session.poll(&mut input) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    if matches!(event, Event::PublishRequested { .. }) {
                        session.accept_publish();
                    }
                    let _ = ingest.receive(event);
                }
                Err(_) => {
                    assert_eq!(session.stage(), Stage::Closed);
                    return;
                }
            }
        }
        let most = match session.stage() {
            Stage::Publishing => limits.unfinished + limits.before_publish,
            _ => limits.before_publish,
        };
        assert!(
            session.buffered_bytes() <= most,
            "{} bytes held in {:?}",
            session.buffered_bytes(),
            session.stage()
        );
        session.take_output();
    }
}
