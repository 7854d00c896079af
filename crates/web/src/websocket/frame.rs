//! WebSocket frames (RFC 6455), as much as our interfaces need: text both ways, no
//! extensions. A decoder costs nothing while nothing is half received, and never allocates for
//! a length that was only declared.

use bytes::Bytes;

/// Close codes (RFC 6455 §7.4.1).
pub mod close {
    /// The session ended as it should.
    pub const NORMAL: u16 = 1000;
    /// The server is going away.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// Binary data, which this server never takes.
    pub const UNSUPPORTED: u16 = 1003;
    /// Text that is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// The peer broke a rule of ours, such as a deadline.
    pub const POLICY: u16 = 1008;
    /// Larger, or in more fragments, than is accepted.
    pub const TOO_LARGE: u16 = 1009;
    /// The server failed.
    pub const INTERNAL: u16 = 1011;
    /// The peer was too slow; it may come back.
    pub const TRY_AGAIN: u16 = 1013;
}

/// A message is accepted in at most so many fragments: each costs a header's work for as little
/// as no byte at all.
const MAX_FRAGMENTS: u8 = 64;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A whole text message, put together from its fragments.
    Text(String),
    /// A ping, to be answered with the same bytes (at most 125).
    Ping(Vec<u8>),
    /// A pong, which needs no answer.
    Pong,
    /// The closing handshake.
    Close,
}

/// Why a client's bytes are refused; the connection ends with [`FrameError::close_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame against RFC 6455: unmasked, reserved bits, a wrong opcode or continuation.
    #[error("a malformed WebSocket frame")]
    Malformed,
    /// A binary message.
    #[error("a binary WebSocket message")]
    Binary,
    /// A text message that is not UTF-8.
    #[error("a text message that is not UTF-8")]
    NotUtf8,
    /// A message beyond the limit in bytes or fragments.
    #[error("a WebSocket message larger than is accepted")]
    TooLarge,
}

impl FrameError {
    /// The close code that tells the client.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Malformed => close::PROTOCOL,
            Self::Binary => close::UNSUPPORTED,
            Self::NotUtf8 => close::NOT_UTF8,
            Self::TooLarge => close::TOO_LARGE,
        }
    }
}

/// Turns a client's bytes into messages.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// What arrived and is not yet a whole frame.
    buffer: Vec<u8>,
    at: usize,
    /// The fragments of a message whose end is still to come.
    message: Vec<u8>,
    /// How many they are; zero between messages.
    fragments: u8,
}

#[derive(Clone, Copy)]
struct Header {
    last: bool,
    opcode: u8,
    mask: [u8; 4],
    length: usize,
    size: usize,
}

impl Decoder {
    /// A decoder that takes messages of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: Vec::new(),
            at: 0,
            message: Vec::new(),
            fragments: 0,
        }
    }

    /// Adds what was received. To stay bounded, feed again only after [`Decoder::decode`] has
    /// answered `None`.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether a frame or a message is half received.
    pub fn is_partial(&self) -> bool {
        self.at < self.buffer.len() || self.fragments > 0
    }

    /// The next whole message; `None` if more bytes are needed.
    pub fn decode(&mut self) -> Result<Option<Message>, FrameError> {
        loop {
            let Some(header) = self.header()? else {
                self.release();
                return Ok(None);
            };
            let start = self.at + header.size;
            let end = start + header.length;
            if self.buffer.len() < end {
                self.release();
                return Ok(None);
            }
            let data = &mut self.buffer[start..end];
            unmask(data, header.mask);
            self.at = end;
            if let Some(message) = self.frame(header, start, end)? {
                return Ok(Some(message));
            }
        }
    }

    /// Reads a frame's header and refuses at once what its data need not be waited for.
    fn header(&self) -> Result<Option<Header>, FrameError> {
        let bytes = &self.buffer[self.at..];
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let control = opcode & 0x08 != 0;
        if first & 0x70 != 0 || second & 0x80 == 0 || !matches!(opcode, 0..=2 | 8..=10) {
            return Err(FrameError::Malformed);
        }
        match opcode {
            2 => return Err(FrameError::Binary),
            0 if self.fragments == 0 => return Err(FrameError::Malformed),
            1 if self.fragments > 0 => return Err(FrameError::Malformed),
            _ => {}
        }
        let (length, extended) = match (second & 0x7f, rest) {
            (126, &[a, b, ..]) => (u64::from(u16::from_be_bytes([a, b])), 2),
            (127, rest) if rest.len() >= 8 => {
                let declared = rest.iter().take(8);
                (declared.fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 8)
            }
            (126 | 127, _) if !control => return Ok(None),
            (length, _) => (u64::from(length), 0),
        };
        if control && (!last || length > 125) {
            return Err(FrameError::Malformed);
        }
        let length = usize::try_from(length).map_err(|_| FrameError::TooLarge)?;
        if !control && length > self.limit - self.message.len() {
            return Err(FrameError::TooLarge);
        }
        let Some(&[a, b, c, d]) = rest.get(extended..extended + 4) else {
            return Ok(None);
        };
        Ok(Some(Header {
            last,
            opcode,
            mask: [a, b, c, d],
            length,
            size: 2 + extended + 4,
        }))
    }

    /// Takes one whole, unmasked frame.
    fn frame(
        &mut self,
        header: Header,
        start: usize,
        end: usize,
    ) -> Result<Option<Message>, FrameError> {
        let data = &self.buffer[start..end];
        match header.opcode {
            8 => return Ok(Some(Message::Close)),
            9 => return Ok(Some(Message::Ping(data.to_vec()))),
            10 => return Ok(Some(Message::Pong)),
            _ => {}
        }
        if header.last && self.fragments == 0 {
            let text = std::str::from_utf8(data).map_err(|_| FrameError::NotUtf8)?;
            return Ok(Some(Message::Text(text.to_owned())));
        }
        if self.fragments == MAX_FRAGMENTS {
            return Err(FrameError::TooLarge);
        }
        self.fragments += 1;
        self.message.extend_from_slice(data);
        if !header.last {
            return Ok(None);
        }
        self.fragments = 0;
        let whole = std::mem::take(&mut self.message);
        String::from_utf8(whole)
            .map(|text| Some(Message::Text(text)))
            .map_err(|_| FrameError::NotUtf8)
    }

    /// Forgets what was read; an idle connection keeps no buffer at all.
    fn release(&mut self) {
        if self.at == self.buffer.len() {
            self.buffer = Vec::new();
        } else if self.at > 0 {
            self.buffer.drain(..self.at);
        }
        self.at = 0;
    }
}

fn unmask(data: &mut [u8], mask: [u8; 4]) {
    for (byte, key) in data.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// A whole text message as one frame of the server (never masked).
pub fn text(payload: &str) -> Bytes {
    frame(0x81, payload.as_bytes())
}

/// The answer to a client's ping; `data` is at most 125 bytes, as a ping's are.
pub fn pong(data: &[u8]) -> Bytes {
    frame(0x8a, &data[..data.len().min(125)])
}

/// The closing frame.
pub fn closing(code: u16) -> Bytes {
    frame(0x88, &code.to_be_bytes())
}

/// The closing frame, with a word for people; at most 123 bytes of it.
#[cfg(feature = "graphql")]
pub fn closing_with(code: u16, reason: &str) -> Bytes {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(reason.bytes().take(123));
    frame(0x88, &payload)
}

/// The beginning of a text message as one frame of the server, whose other `rest` bytes follow:
/// they may be shared.
#[cfg(feature = "graphql")]
pub fn text_head(beginning: &[u8], rest: usize) -> Bytes {
    let mut head = header(0x81, beginning.len() + rest, beginning.len());
    head.extend_from_slice(beginning);
    Bytes::from(head)
}

/// What a text frame carries: the same bytes, shared, without the frame's header.
pub fn payload_of(frame: &Bytes) -> Bytes {
    let header = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    frame.slice(header.min(frame.len())..)
}

fn frame(first: u8, payload: &[u8]) -> Bytes {
    let mut frame = header(first, payload.len(), payload.len());
    frame.extend_from_slice(payload);
    Bytes::from(frame)
}

/// The header of a frame of this length, with room for so much behind it.
fn header(first: u8, length: usize, room: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(room + 10);
    frame.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame
}

#[cfg(test)]
mod tests;
