//! Packets and polling payloads (Engine.IO protocol 4, "Packet encoding").

/// Separates the packets of a polling payload.
pub const SEPARATOR: char = '\u{1e}';

/// One Engine.IO packet; the text is borrowed from what was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the server's handshake, as JSON.
    Open(&'a str),
    /// `1`: the session is over.
    Close,
    /// `2`: a heartbeat of the server; with `probe`, a client testing its upgrade.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the same text.
    Pong(&'a str),
    /// `4`: a message of the layer above.
    Message(&'a str),
    /// `5`: the client has moved to the transport that it probed.
    Upgrade,
    /// `6`: nothing; ends a waiting poll.
    Noop,
}

/// Why a text is not a packet that this server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Nothing at all, not even a type.
    #[error("an empty packet")]
    Empty,
    /// The first character names no packet type.
    #[error("an unknown packet type")]
    UnknownType,
    /// A `b…` packet: base64 binary. Nothing here ever takes binary data.
    #[error("a binary packet")]
    Binary,
}

impl<'a> Packet<'a> {
    /// Reads one packet.
    pub fn decode(text: &'a str) -> Result<Self, PacketError> {
        let kind = text.chars().next().ok_or(PacketError::Empty)?;
        let rest = &text[kind.len_utf8()..];
        match kind {
            '0' => Ok(Self::Open(rest)),
            '1' => Ok(Self::Close),
            '2' => Ok(Self::Ping(rest)),
            '3' => Ok(Self::Pong(rest)),
            '4' => Ok(Self::Message(rest)),
            '5' => Ok(Self::Upgrade),
            '6' => Ok(Self::Noop),
            'b' => Err(PacketError::Binary),
            _ => Err(PacketError::UnknownType),
        }
    }

    /// The packet as it goes over the wire.
    pub fn encode(self) -> String {
        let (kind, rest) = match self {
            Self::Open(rest) => ('0', rest),
            Self::Close => ('1', ""),
            Self::Ping(rest) => ('2', rest),
            Self::Pong(rest) => ('3', rest),
            Self::Message(rest) => ('4', rest),
            Self::Upgrade => ('5', ""),
            Self::Noop => ('6', ""),
        };
        let mut text = String::with_capacity(1 + rest.len());
        text.push(kind);
        text.push_str(rest);
        text
    }
}

/// The packets of a polling payload, in order.
pub fn payload(body: &str) -> impl Iterator<Item = Result<Packet<'_>, PacketError>> {
    body.split(SEPARATOR).map(Packet::decode)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packets() -> impl Strategy<Value = (u8, String)> {
        (0_u8..7, "[^\u{1e}]{0,40}")
    }

    fn build(kind: u8, text: &str) -> Packet<'_> {
        match kind {
            0 => Packet::Open(text),
            1 => Packet::Close,
            2 => Packet::Ping(text),
            3 => Packet::Pong(text),
            4 => Packet::Message(text),
            5 => Packet::Upgrade,
            _ => Packet::Noop,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_encoded_decodes_to_itself((kind, text) in packets()) {
            let packet = build(kind, &text);
            let wire = packet.encode();
            prop_assert_eq!(Packet::decode(&wire), Ok(packet));
        }

        #[test]
        fn a_payload_keeps_its_packets_in_order(all in prop::collection::vec(packets(), 1..20)) {
            let body = all.iter().map(|(kind, text)| build(*kind, text).encode())
                .collect::<Vec<_>>().join("\u{1e}");
            let read: Vec<_> = payload(&body).collect();
            let sent: Vec<_> = all.iter().map(|(kind, text)| Ok(build(*kind, text))).collect();
            prop_assert_eq!(read, sent);
        }

        #[test]
        fn any_text_is_answered_without_a_panic(text in ".{0,200}") {
            for packet in payload(&text) {
                let _ = packet;
            }
        }
    }

    #[test]
    fn binary_and_nonsense_are_told_apart() {
        assert_eq!(Packet::decode(""), Err(PacketError::Empty));
        assert_eq!(Packet::decode("bAQID"), Err(PacketError::Binary));
        assert_eq!(Packet::decode("abc"), Err(PacketError::UnknownType));
        assert_eq!(Packet::decode("é"), Err(PacketError::UnknownType));
    }
}
