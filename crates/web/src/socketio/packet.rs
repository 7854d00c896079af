//! Socket.IO protocol 5 packets, as text inside Engine.IO messages.
//!
//! Bounded before anything is kept: no attachments at all, event names of at most 64 bytes,
//! at most 16 arguments, JSON at most 32 deep.

use serde::Serialize;
use serde_json::value::RawValue;

/// The longest event name, in bytes.
pub const MAX_NAME: usize = 64;
/// The most arguments of one event, its name not counted.
pub const MAX_ARGS: usize = 16;
/// How deep a payload's arrays and objects may nest.
pub const MAX_DEPTH: usize = 32;

/// Event names that mean something to the protocol's own libraries and so are never sent.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// A packet of a client.
#[derive(Debug)]
pub enum Packet<'a> {
    /// `0`: asks to be connected to a namespace, with a JSON object to authenticate by.
    Connect {
        /// The namespace, `/` if none was written.
        namespace: &'a str,
        /// What the client gave as `auth`.
        auth: Option<Box<RawValue>>,
    },
    /// `1`: leaves the namespace.
    Disconnect {
        /// The namespace.
        namespace: &'a str,
    },
    /// `2`: an event.
    Event {
        /// The namespace.
        namespace: &'a str,
        /// The id under which the client awaits an acknowledgement.
        ack: Option<u64>,
        /// The event's name.
        name: String,
        /// Its arguments, each a JSON value.
        args: Vec<Box<RawValue>>,
    },
    /// `3`: acknowledges an event of the server.
    Ack {
        /// The namespace.
        namespace: &'a str,
        /// The id that the event carried.
        id: u64,
    },
}

/// Why a text is not a packet that this server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// No type, or one that only a server sends.
    #[error("an unknown packet type")]
    UnknownType,
    /// `5` or `6`: announces binary attachments, however many.
    #[error("a packet with binary attachments")]
    Binary,
    /// An acknowledgement id that is missing or too large.
    #[error("an invalid acknowledgement id")]
    AckId,
    /// The payload is not the JSON that this type of packet has.
    #[error("an invalid payload")]
    Payload,
    /// An event's name is missing, too long, or reserved.
    #[error("an invalid event name")]
    Name,
    /// More arguments or deeper nesting than is accepted.
    #[error("a payload with too many or too deep values")]
    TooComplex,
}

impl<'a> Packet<'a> {
    /// Reads a packet.
    pub fn decode(text: &'a str) -> Result<Self, PacketError> {
        let kind = text.bytes().next().ok_or(PacketError::UnknownType)?;
        match kind {
            b'0'..=b'3' => {}
            b'5' | b'6' => return Err(PacketError::Binary),
            _ => return Err(PacketError::UnknownType),
        }
        let (namespace, rest) = namespace(&text[1..]);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, payload) = rest.split_at(digits);
        let id = match id {
            "" => None,
            id => Some(id.parse().map_err(|_| PacketError::AckId)?),
        };
        if depth(payload) > MAX_DEPTH {
            return Err(PacketError::TooComplex);
        }
        match kind {
            b'0' if id.is_none() => Ok(Self::Connect {
                namespace,
                auth: auth(payload)?,
            }),
            b'1' if id.is_none() && payload.is_empty() => Ok(Self::Disconnect { namespace }),
            b'2' => event(namespace, id, payload),
            b'3' => {
                array(payload)?;
                Ok(Self::Ack {
                    namespace,
                    id: id.ok_or(PacketError::AckId)?,
                })
            }
            _ => Err(PacketError::Payload),
        }
    }
}

/// Splits off the namespace: `/name,` in front, or nothing for `/`. A query after it is ignored.
fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    (name.split('?').next().unwrap_or(name), rest)
}

fn auth(payload: &str) -> Result<Option<Box<RawValue>>, PacketError> {
    if payload.is_empty() {
        return Ok(None);
    }
    if !payload.starts_with('{') {
        return Err(PacketError::Payload);
    }
    serde_json::from_str(payload)
        .map(Some)
        .map_err(|_| PacketError::Payload)
}

fn array(payload: &str) -> Result<Vec<Box<RawValue>>, PacketError> {
    serde_json::from_str(payload).map_err(|_| PacketError::Payload)
}

fn event<'a>(
    namespace: &'a str,
    ack: Option<u64>,
    payload: &str,
) -> Result<Packet<'a>, PacketError> {
    let mut args = array(payload)?;
    if args.is_empty() {
        return Err(PacketError::Name);
    }
    let name: String = serde_json::from_str(args.remove(0).get()).map_err(|_| PacketError::Name)?;
    if name.is_empty() || name.len() > MAX_NAME || RESERVED.contains(&name.as_str()) {
        return Err(PacketError::Name);
    }
    if args.len() > MAX_ARGS {
        return Err(PacketError::TooComplex);
    }
    Ok(Packet::Event {
        namespace,
        ack,
        name,
        args,
    })
}

/// How deep brackets nest, strings aside. One pass, no recursion.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            b'[' | b'{' if !string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// `40{"sid":…}`: the client is connected, under this public id.
pub(crate) fn connected(sid: &str) -> String {
    format!(r#"40{{"sid":"{sid}"}}"#)
}

/// `44…`: the client is not connected, and why.
pub(crate) fn refused(namespace: &str, message: &str, data: Option<&serde_json::Value>) -> String {
    #[derive(Serialize)]
    struct Refused<'a> {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a serde_json::Value>,
    }
    let json = serde_json::to_string(&Refused { message, data })
        .expect("a string and a JSON value always serialize");
    match namespace {
        "/" => format!("44{json}"),
        namespace => format!("44{namespace},{json}"),
    }
}

/// `42["name",data]`
pub(crate) fn event_text(name: &str, data: &impl Serialize) -> serde_json::Result<String> {
    let mut text = b"42".to_vec();
    serde_json::to_writer(&mut text, &(name, data))?;
    Ok(String::from_utf8(text).expect("serde_json writes UTF-8"))
}

/// `42["name",…]`, an argument for each of `args`
pub(crate) fn event_text_all<T: Serialize>(name: &str, args: &[T]) -> serde_json::Result<String> {
    let mut text = format!("42[{}", serde_json::to_string(name)?);
    for arg in args {
        text.push(',');
        text.push_str(&serde_json::to_string(arg)?);
    }
    text.push(']');
    Ok(text)
}

/// `43id[…]`: `values` must serialize as an array.
pub(crate) fn ack_text(id: u64, values: &impl Serialize) -> serde_json::Result<String> {
    Ok(format!("43{id}{}", serde_json::to_string(values)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_event_decodes_to_what_was_encoded(name in "[a-z:\"\\\\é]{1,20}", text in ".{0,50}", n in any::<i64>()) {
            prop_assume!(!RESERVED.contains(&name.as_str()));
            let data = json!({ "text": text, "list": [n, null, true] });
            let wire = event_text(&name, &data).unwrap();
            let Packet::Event { namespace, ack, name: read, args } = Packet::decode(&wire[1..]).unwrap() else {
                panic!("not an event");
            };
            prop_assert_eq!((namespace, ack, read), ("/", None, name));
            prop_assert_eq!(serde_json::from_str::<Value>(args[0].get()).unwrap(), data);
        }

        #[test]
        fn any_text_is_answered_without_a_panic(kind in "[0-9]?", text in ".{0,200}") {
            let _ = Packet::decode(&format!("{kind}{text}"));
        }

        #[test]
        fn nearly_right_packets_are_answered_without_a_panic(text in r#"[0-6](/[a-z]{0,3},?)?[0-9]{0,22}[\[\]{}",:0-9a-z\\]{0,40}"#) {
            let _ = Packet::decode(&text);
        }
    }

    fn refused_as(text: &str) -> PacketError {
        Packet::decode(text).expect_err(text)
    }

    #[test]
    fn connect_carries_its_namespace_and_auth() {
        let Ok(Packet::Connect {
            namespace: "/",
            auth: None,
        }) = Packet::decode("0")
        else {
            panic!()
        };
        let Ok(Packet::Connect {
            namespace: "/a",
            auth: Some(auth),
        }) = Packet::decode(r#"0/a?x=1,{"token":"1"}"#)
        else {
            panic!()
        };
        assert_eq!(auth.get(), r#"{"token":"1"}"#);
        assert_eq!(refused_as("0[]"), PacketError::Payload);
        assert_eq!(refused_as("0{"), PacketError::Payload);
        assert_eq!(refused_as("01{}"), PacketError::Payload);
    }

    #[test]
    fn an_event_may_ask_for_an_acknowledgement() {
        let Ok(Packet::Event {
            ack: Some(456),
            name,
            args,
            ..
        }) = Packet::decode(r#"2456["m",1,"2"]"#)
        else {
            panic!()
        };
        assert_eq!((name.as_str(), args.len()), ("m", 2));
        assert_eq!(
            refused_as(r#"299999999999999999999["m"]"#),
            PacketError::AckId
        );
        assert_eq!(refused_as(r#"2abc["m"]"#), PacketError::Payload);
    }

    #[test]
    fn attachments_are_refused_however_many_are_declared() {
        for text in [
            "51-[\"m\",{\"_placeholder\":true,\"num\":0}]",
            "51000000-[\"m\"]",
            "61-1[]",
            "5",
            "50-[\"m\"]",
        ] {
            assert_eq!(refused_as(text), PacketError::Binary);
        }
    }

    #[test]
    fn crafted_events_are_refused() {
        assert_eq!(refused_as("2{}"), PacketError::Payload);
        assert_eq!(refused_as("2[]"), PacketError::Name);
        assert_eq!(refused_as("2[{\"toString\":\"x\"}]"), PacketError::Name);
        assert_eq!(refused_as("2[1]"), PacketError::Name);
        assert_eq!(refused_as("2[\"\"]"), PacketError::Name);
        assert_eq!(refused_as("2[\"disconnect\"]"), PacketError::Name);
        assert_eq!(
            refused_as(&format!("2[\"{}\"]", "n".repeat(65))),
            PacketError::Name
        );
        assert_eq!(
            refused_as(&format!("2[\"n\"{}]", ",1".repeat(17))),
            PacketError::TooComplex
        );
        let deep = format!("2[\"n\",{}{}]", "[".repeat(40), "]".repeat(40));
        assert_eq!(refused_as(&deep), PacketError::TooComplex);
        let brackets_in_text = format!("2[\"n\",\"\\\"{}\"]", "[".repeat(40));
        assert!(Packet::decode(&brackets_in_text).is_ok());
        assert_eq!(refused_as(""), PacketError::UnknownType);
        assert_eq!(refused_as("4{}"), PacketError::UnknownType);
        assert_eq!(refused_as("abc"), PacketError::UnknownType);
    }
}
