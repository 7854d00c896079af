//! The chunk stream (section 5.3): messages cut into chunks and interleaved.
//!
//! Memory follows what has arrived, never what a header declares.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Chunk streams that one connection may use. Encoders use four to eight.
const MAX_STREAMS: usize = 32;
/// A message that fits one chunk is waited for in the input, up to this many
/// bytes, so that it can be cut out without copying; what is longer moves to a
/// buffer of its own as it arrives.
const MAX_WAITING: usize = 64 * 1024;
/// Shorter messages are copied out of the input: a slice of it would keep the
/// whole read buffer alive for a few hundred bytes of sound.
const MIN_SHARED: usize = 1024;
/// Larger chunk sizes mean this one (section 5.4.1).
const MAX_CHUNK_SIZE: u32 = 0xff_ffff;
/// In the header, says that 32 bits of timestamp follow it.
const EXTENDED: u32 = 0xff_ffff;
/// See [`ChunkReader::start`].
const MAX_REPEATED_START: u32 = 1000;

/// One whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The message type id.
    pub(super) kind: u8,
    /// Absolute, in milliseconds, wrapping.
    pub(super) timestamp: u32,
    /// The message stream id.
    pub(super) stream: u32,
    pub(super) body: Bytes,
}

/// Why a peer's chunks are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// A chunk refers to a header that was never sent.
    #[error("a chunk refers to a header that was not sent")]
    NoPreviousHeader,
    /// A message header stands where the rest of another message should.
    #[error("a message starts inside another one of its chunk stream")]
    HeaderInsideMessage,
    /// More chunk streams than any encoder uses.
    #[error("the peer uses too many chunk streams")]
    TooManyStreams,
    /// The declared length is over the limit of the moment.
    #[error("a message of {0} bytes is too long")]
    MessageTooLong(usize),
    /// Unfinished messages together hold too much.
    #[error("the peer's unfinished messages hold too many bytes")]
    TooMuchUnfinished,
    /// A chunk size of zero, or with its highest bit set.
    #[error("a chunk size of {0} is not possible")]
    ChunkSize(u32),
}

/// What the reader may hold at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The longest message with sound or picture.
    pub(super) media: usize,
    /// The longest message of any other type.
    pub(super) other: usize,
    /// All unfinished messages together.
    pub(super) unfinished: usize,
    /// How much to reserve at least for a message that does not fit one chunk.
    pub(super) reserve: usize,
}

impl Bounds {
    fn message(&self, kind: u8) -> usize {
        match kind {
            8 | 9 | 22 => self.media,
            _ => self.other,
        }
    }
}

/// Puts chunks together.
#[derive(Debug)]
pub(super) struct ChunkReader {
    chunk_size: usize,
    streams: Vec<ChunkStream>,
    /// The chunk whose header is read and whose payload is not, yet.
    current: Option<Current>,
    /// Capacity of all unfinished messages.
    held: usize,
}

#[derive(Debug, Default)]
struct ChunkStream {
    id: u32,
    timestamp: u32,
    delta: u32,
    /// The extended timestamp field of the last header that had one.
    extended: Option<u32>,
    length: usize,
    kind: u8,
    stream: u32,
    /// What has arrived of a message; empty between messages.
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    index: usize,
    left: usize,
}

/// A chunk header, as it stands in the input.
struct Header {
    size: usize,
    format: u8,
    id: u32,
    /// The timestamp field, extended if it says so.
    time: u32,
    extended: Option<u32>,
    length: usize,
    kind: u8,
    stream: u32,
}

impl ChunkReader {
    pub(super) fn new() -> Self {
        Self {
            chunk_size: 128,
            streams: Vec::new(),
            current: None,
            held: 0,
        }
    }

    /// The peer's Set Chunk Size.
    pub(super) fn set_chunk_size(&mut self, size: u32) -> Result<(), ChunkError> {
        if size == 0 || size >> 31 != 0 {
            return Err(ChunkError::ChunkSize(size));
        }
        self.chunk_size = size.min(MAX_CHUNK_SIZE) as usize;
        Ok(())
    }

    /// The peer's Abort Message: forgets what has arrived of a message.
    pub(super) fn abort(&mut self, id: u32) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) {
            self.held -= stream.body.capacity();
            stream.body = Vec::new();
        }
    }

    /// Bytes held for unfinished messages.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The next whole message, or `None` when more bytes are needed.
    pub(super) fn next(
        &mut self,
        input: &mut BytesMut,
        bounds: &Bounds,
    ) -> Result<Option<Message>, ChunkError> {
        loop {
            let Some(current) = self.current else {
                let Some(header) = self.header(input)? else {
                    return Ok(None);
                };
                input.advance(header.size);
                self.current = Some(self.start(&header, bounds)?);
                continue;
            };
            let stream = &mut self.streams[current.index];
            let whole = stream.body.is_empty() && current.left == stream.length;
            let complete = current.left <= input.len();
            if whole && complete {
                self.current = None;
                let body = cut(input, current.left);
                return Ok(Some(stream.message(body)));
            }
            if input.is_empty() || (whole && input.len() < MAX_WAITING) {
                return Ok(None);
            }
            let arrived = current.left.min(input.len());
            self.held += stream.grow(arrived, self.held, bounds)?;
            stream.body.extend_from_slice(&input[..arrived]);
            input.advance(arrived);
            if arrived < current.left {
                self.current = Some(Current {
                    left: current.left - arrived,
                    ..current
                });
                return Ok(None);
            }
            self.current = None;
            if stream.body.len() == stream.length {
                self.held -= stream.body.capacity();
                let body = Bytes::from(std::mem::take(&mut stream.body));
                return Ok(Some(stream.message(body)));
            }
        }
    }

    /// Reads a chunk header (sections 5.3.1.1 to 5.3.1.3) if it is all there.
    fn header(&self, input: &[u8]) -> Result<Option<Header>, ChunkError> {
        let Some(&first) = input.first() else {
            return Ok(None);
        };
        let format = first >> 6;
        let (id, basic) = match (first & 0x3f, input.get(1), input.get(2)) {
            (0, Some(&low), _) => (64 + u32::from(low), 2),
            (1, Some(&low), Some(&high)) => (64 + u32::from(low) + 256 * u32::from(high), 3),
            (0 | 1, _, _) => return Ok(None),
            (id, _, _) => (u32::from(id), 1),
        };
        let previous = self.streams.iter().find(|stream| stream.id == id);
        let mut header = match previous {
            Some(stream) => Header {
                size: 0,
                format,
                id,
                time: stream.delta,
                extended: stream.extended,
                length: stream.length,
                kind: stream.kind,
                stream: stream.stream,
            },
            // Some encoders start a chunk stream with format 1: time from zero.
            None if format < 2 => Header {
                size: 0,
                format,
                id,
                time: 0,
                extended: None,
                length: 0,
                kind: 0,
                stream: 0,
            },
            None => return Err(ChunkError::NoPreviousHeader),
        };
        let fields = match format {
            0 => 11,
            1 => 7,
            2 => 3,
            _ => 0,
        };
        let Some(message) = input.get(basic..basic + fields) else {
            return Ok(None);
        };
        header.size = basic + fields;
        let u24 =
            |at: usize| u32::from_be_bytes([0, message[at], message[at + 1], message[at + 2]]);
        if format < 3 {
            header.time = u24(0);
            header.extended = None;
        }
        if format < 2 {
            header.length = u24(3) as usize;
            header.kind = message[6];
        }
        if format == 0 {
            header.stream = u32::from_le_bytes([message[7], message[8], message[9], message[10]]);
        }
        if (format < 3 && header.time == EXTENDED) || (format == 3 && header.extended.is_some()) {
            let Some(&[a, b, c, d]) = input.get(header.size..header.size + 4) else {
                return Ok(None);
            };
            let field = u32::from_be_bytes([a, b, c, d]);
            if format < 3 {
                header.time = field;
                header.extended = Some(field);
                header.size += 4;
            } else if header.extended == Some(field)
                || previous.is_some_and(|stream| stream.timestamp == field)
            {
                // Format 3 repeats the field, say the standard and most
                // encoders; some leave it out, and these bytes are payload.
                header.size += 4;
            }
        }
        Ok(Some(header))
    }

    /// Takes a header over into its chunk stream.
    fn start(&mut self, header: &Header, bounds: &Bounds) -> Result<Current, ChunkError> {
        let index = match self
            .streams
            .iter()
            .position(|stream| stream.id == header.id)
        {
            Some(index) => index,
            None if self.streams.len() == MAX_STREAMS => return Err(ChunkError::TooManyStreams),
            None => {
                self.streams.push(ChunkStream {
                    id: header.id,
                    ..ChunkStream::default()
                });
                self.streams.len() - 1
            }
        };
        let stream = &mut self.streams[index];
        if stream.body.is_empty() {
            if header.length > bounds.message(header.kind) {
                return Err(ChunkError::MessageTooLong(header.length));
            }
            if header.format == 0 {
                stream.timestamp = header.time;
                // A format 3 that starts the next message repeats this as its
                // delta (section 5.3.1.2.4). Some encoders mean "the same time"
                // instead; both agree at zero, and beyond a second only the
                // latter can be meant.
                stream.delta = if header.time <= MAX_REPEATED_START {
                    header.time
                } else {
                    0
                };
            } else {
                stream.delta = header.time;
                stream.timestamp = stream.timestamp.wrapping_add(header.time);
            }
            stream.extended = header.extended;
            stream.length = header.length;
            stream.kind = header.kind;
            stream.stream = header.stream;
        } else if header.format != 3 {
            return Err(ChunkError::HeaderInsideMessage);
        }
        let left = (stream.length - stream.body.len()).min(self.chunk_size);
        Ok(Current { index, left })
    }
}

impl ChunkStream {
    fn message(&self, body: Bytes) -> Message {
        Message {
            kind: self.kind,
            timestamp: self.timestamp,
            stream: self.stream,
            body,
        }
    }

    /// Makes room for `arrived` bytes: doubling, and never beyond the message.
    /// Says by how much the capacity grew.
    fn grow(&mut self, arrived: usize, held: usize, bounds: &Bounds) -> Result<usize, ChunkError> {
        let capacity = self.body.capacity();
        let needed = self.body.len() + arrived;
        if needed <= capacity {
            return Ok(0);
        }
        let target = needed
            .max(2 * capacity)
            .max(bounds.reserve)
            .min(self.length);
        if held - capacity + target > bounds.unfinished {
            return Err(ChunkError::TooMuchUnfinished);
        }
        self.body.reserve_exact(target - self.body.len());
        Ok(self.body.capacity() - capacity)
    }
}

/// Takes a message that is whole out of the input.
fn cut(input: &mut BytesMut, length: usize) -> Bytes {
    if length < MIN_SHARED {
        let body = Bytes::copy_from_slice(&input[..length]);
        input.advance(length);
        return body;
    }
    input.split_to(length).freeze()
}

/// Writes a message as a single chunk: the peer's chunk size must allow it.
pub(super) fn write(out: &mut BytesMut, chunk_stream: u8, kind: u8, stream: u32, body: &[u8]) {
    out.reserve(12 + body.len());
    out.put_u8(chunk_stream);
    out.put_uint(0, 3);
    out.put_uint(body.len() as u64, 3);
    out.put_u8(kind);
    out.put_u32_le(stream);
    out.put_slice(body);
}
