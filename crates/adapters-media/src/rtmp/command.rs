//! Commands: what a publishing encoder asks, and the answers.

use bytes::BytesMut;

use super::amf0::{Amf0Error, Object, Reader, Value, Writer};

/// A command message, its arguments unread.
pub(super) struct Command<'a> {
    pub(super) name: &'a str,
    pub(super) transaction: f64,
    /// The command object, where it is one.
    pub(super) object: Option<Object<'a>>,
    arguments: Reader<'a>,
}

impl<'a> Command<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Amf0Error> {
        let mut reader = Reader::new(body);
        let name = reader.value()?.as_str().unwrap_or_default();
        let next = |reader: &mut Reader<'a>| {
            if reader.is_empty() {
                Ok(Value::Null)
            } else {
                reader.value()
            }
        };
        let transaction = next(&mut reader)?.as_number().unwrap_or(0.0);
        let object = next(&mut reader)?.as_object();
        Ok(Self {
            name,
            transaction,
            object,
            arguments: reader,
        })
    }

    /// The next argument, as text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        self.arguments.value().ok()?.as_str()
    }
}

/// The codecs of Enhanced RTMP that are carried.
const VIDEO: [&str; 3] = ["avc1", "hvc1", "av01"];
const AUDIO: [&str; 2] = ["mp4a", "Opus"];
/// `capsEx`: modifiers are understood (Enhanced RTMP, section on connect).
const CAPS_EX: f64 = 4.0;
/// In the maps of codecs: can be forwarded.
const CAN_FORWARD: f64 = 4.0;

/// The `_result` of `connect`; the codecs are told to those who told theirs.
pub(super) fn connected(transaction: f64, enhanced: bool) -> BytesMut {
    let mut writer = Writer::new()
        .string("_result")
        .number(transaction)
        .object()
        .key("fmsVer")
        .string("FMS/3,0,1,123")
        .key("capabilities")
        .number(31.0)
        .end()
        .object()
        .key("level")
        .string("status")
        .key("code")
        .string("NetConnection.Connect.Success")
        .key("description")
        .string("Connection succeeded.")
        .key("objectEncoding")
        .number(0.0);
    if enhanced {
        writer = writer.key("fourCcList").array(5);
        for code in VIDEO.iter().chain(&AUDIO) {
            writer = writer.string(code);
        }
        for (name, codes) in [
            ("videoFourCcInfoMap", &VIDEO[..]),
            ("audioFourCcInfoMap", &AUDIO[..]),
        ] {
            writer = writer.key(name).object();
            for code in codes {
                writer = writer.key(code).number(CAN_FORWARD);
            }
            writer = writer.end();
        }
        writer = writer.key("capsEx").number(CAPS_EX);
    }
    writer.end().finish()
}

/// A `_result` with one number, or with nothing.
pub(super) fn result(transaction: f64, value: Option<f64>) -> BytesMut {
    let writer = Writer::new().string("_result").number(transaction).null();
    match value {
        Some(value) => writer.number(value),
        None => writer.null(),
    }
    .finish()
}

/// An `_error`.
pub(super) fn error(transaction: f64, status: &Status) -> BytesMut {
    let writer = Writer::new().string("_error").number(transaction).null();
    status.write(writer).finish()
}

/// An `onStatus`, or another notification of its form.
pub(super) fn notify(name: &str, status: &Status) -> BytesMut {
    let writer = Writer::new().string(name).number(0.0).null();
    status.write(writer).finish()
}

/// An information object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) level: &'static str,
    pub(super) code: &'static str,
    pub(super) description: &'static str,
}

impl Status {
    pub(super) const fn note(code: &'static str, description: &'static str) -> Self {
        Self {
            level: "status",
            code,
            description,
        }
    }

    pub(super) const fn error(code: &'static str, description: &'static str) -> Self {
        Self {
            level: "error",
            code,
            description,
        }
    }

    fn write(&self, writer: Writer) -> Writer {
        writer
            .object()
            .key("level")
            .string(self.level)
            .key("code")
            .string(self.code)
            .key("description")
            .string(self.description)
            .end()
    }
}
