//! An encoder made of bytes: writes chunks as a test wants them, and reads what
//! a session answers.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "every test file uses its part; lengths of test data are small"
)]

use bytes::{Buf as _, Bytes, BytesMut};
use greenroom_adapters_media::rtmp::amf0::{Reader, Writer};
use greenroom_adapters_media::rtmp::{Event, Limits, RtmpError, Session};

/// C0, C1, C2.
pub(crate) fn hello() -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.resize(1 + 2 * 1536, 0x11);
    bytes
}

/// A message header of one of the four formats.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    Full { time: u32, kind: u8, stream: u32 },
    SameStream { delta: u32, kind: u8 },
    SameLength { delta: u32 },
    Same,
}

/// Writes chunks of one size.
pub(crate) struct Chunks {
    pub(crate) size: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Chunks {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            bytes: Vec::new(),
        }
    }

    /// The chunk header alone, declaring `length` bytes.
    pub(crate) fn header(&mut self, id: u32, format: Format, length: usize) {
        let (bits, time) = match format {
            Format::Full { time, .. } => (0, Some(time)),
            Format::SameStream { delta, .. } => (1, Some(delta)),
            Format::SameLength { delta } => (2, Some(delta)),
            Format::Same => (3, None),
        };
        match id {
            2..=63 => self.bytes.push(bits << 6 | id as u8),
            64..=319 => self.bytes.extend([bits << 6, (id - 64) as u8]),
            _ => self.bytes.extend([
                bits << 6 | 1,
                ((id - 64) % 256) as u8,
                ((id - 64) / 256) as u8,
            ]),
        }
        if let Some(time) = time {
            self.u24(time.min(0xff_ffff));
        }
        if let Format::Full { kind, .. } | Format::SameStream { kind, .. } = format {
            self.u24(length as u32);
            self.bytes.push(kind);
        }
        if let Format::Full { stream, .. } = format {
            self.bytes.extend(stream.to_le_bytes());
        }
        if let Some(time @ 0xff_ffff..) = time {
            self.bytes.extend(time.to_be_bytes());
        }
    }

    /// A whole message, cut into chunks.
    pub(crate) fn message(&mut self, id: u32, format: Format, body: &[u8]) {
        self.header(id, format, body.len());
        for (at, piece) in body.chunks(self.size).enumerate() {
            if at > 0 {
                self.header(id, Format::Same, 0);
                if let Format::Full { time, .. }
                | Format::SameStream { delta: time, .. }
                | Format::SameLength { delta: time } = format
                    && time >= 0xff_ffff
                {
                    self.bytes.extend(time.to_be_bytes());
                }
            }
            self.bytes.extend(piece);
        }
    }

    pub(crate) fn control(&mut self, kind: u8, body: &[u8]) {
        let format = Format::Full {
            time: 0,
            kind,
            stream: 0,
        };
        self.message(2, format, body);
    }

    /// Tells the peer and goes on with the new size.
    pub(crate) fn set_size(&mut self, size: u32) {
        self.control(1, &size.to_be_bytes());
        self.size = size as usize;
    }

    pub(crate) fn command(&mut self, stream: u32, body: &[u8]) {
        let format = Format::Full {
            time: 0,
            kind: 20,
            stream,
        };
        self.message(3, format, body);
    }

    /// A video message on chunk stream 6.
    pub(crate) fn video(&mut self, time: u32, body: &[u8]) {
        let format = Format::Full {
            time,
            kind: 9,
            stream: 1,
        };
        self.message(6, format, body);
    }

    fn u24(&mut self, value: u32) {
        self.bytes.extend(&value.to_be_bytes()[1..]);
    }
}

pub(crate) fn connect(app: &str) -> BytesMut {
    Writer::new()
        .string("connect")
        .number(1.0)
        .object()
        .key("app")
        .string(app)
        .end()
        .finish()
}

pub(crate) fn publish(name: &str) -> BytesMut {
    Writer::new()
        .string("publish")
        .number(5.0)
        .null()
        .string(name)
        .string("live")
        .finish()
}

/// A command without arguments.
pub(crate) fn call(name: &str) -> BytesMut {
    Writer::new().string(name).number(3.0).null().finish()
}

/// What an encoder sends until it has asked to publish.
pub(crate) fn opening(app: &str, key: &str) -> Chunks {
    let mut chunks = Chunks::new(128);
    chunks.bytes = hello();
    chunks.command(0, &connect(app));
    chunks.command(0, &call("createStream"));
    chunks.command(1, &publish(key));
    chunks
}

/// Feeds a session and collects its events; accepts who asks to publish.
pub(crate) fn feed(session: &mut Session, bytes: &[u8]) -> Result<Vec<Event>, RtmpError> {
    let mut input = BytesMut::from(bytes);
    drain(session, &mut input)
}

pub(crate) fn drain(session: &mut Session, input: &mut BytesMut) -> Result<Vec<Event>, RtmpError> {
    let mut events = Vec::new();
    while let Some(event) = session.poll(input)? {
        if matches!(event, Event::PublishRequested { .. }) {
            session.accept_publish();
        }
        events.push(event);
    }
    Ok(events)
}

/// A session that publishes, its answers taken.
pub(crate) fn publishing() -> Session {
    let mut session = Session::new(Limits::default());
    let events = feed(&mut session, &opening("live", "key").bytes).unwrap();
    assert_eq!(events.len(), 1, "the request to publish");
    session.take_output();
    session
}

/// Timestamps and bodies of the media among events.
pub(crate) fn media(events: &[Event]) -> Vec<(i64, Bytes)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Media {
                timestamp, body, ..
            } => Some((*timestamp, body.clone())),
            _ => None,
        })
        .collect()
}

/// Messages that a session sent, each one chunk: type and body.
pub(crate) fn answers(mut output: Bytes) -> Vec<(u8, Bytes)> {
    let mut out = Vec::new();
    while !output.is_empty() {
        assert!(output[0] >> 6 == 0, "a full header");
        output.advance(4);
        let length = output.get_uint(3) as usize;
        let kind = output.get_u8();
        output.advance(4);
        out.push((kind, output.split_to(length)));
    }
    out
}

/// The status codes in what a session sent, in their order.
pub(crate) fn codes(output: Bytes) -> Vec<String> {
    answers(output)
        .into_iter()
        .filter(|(kind, _)| *kind == 20)
        .filter_map(|(_, body)| {
            let mut reader = Reader::new(&body);
            while let Ok(value) = reader.value() {
                let code = value.as_object().and_then(|object| object.get("code"));
                if let Some(code) = code.and_then(|code| code.as_str()) {
                    return Some(code.to_owned());
                }
            }
            None
        })
        .collect()
}
