//! An encoder made of bytes, for what no encoder does on purpose.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of C1 and C2.
const HANDSHAKE: usize = 1536;

/// The message type of sound.
pub const AUDIO: u8 = 8;
/// The message type of a picture.
pub const VIDEO: u8 = 9;
/// The message type of a command in AMF0.
pub const COMMAND: u8 = 20;

/// A connection to an RTMP server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    chunk_size: usize,
}

/// One tag of an FLV file.
#[derive(Clone, Debug)]
pub struct Tag {
    /// [`AUDIO`], [`VIDEO`], or 18 for data.
    pub kind: u8,
    /// In milliseconds.
    pub timestamp: u32,
    /// What an RTMP message of this kind holds.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects and shakes hands.
    pub async fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            chunk_size: 128,
        };
        let mut hello = vec![3];
        hello.resize(1 + HANDSHAKE, 0x11);
        client.write(&hello).await?;
        let mut answer = vec![0; 1 + 2 * HANDSHAKE];
        timeout(PATIENCE, client.stream.read_exact(&mut answer)).await??;
        client.write(&answer[1..=HANDSHAKE]).await?;
        Ok(client)
    }

    /// Connects and asks to publish; answers once the server lets it.
    pub async fn publish(port: u16, app: &str, key: &str) -> io::Result<Self> {
        let mut client = Self::connect(port).await?;
        client.ask(app, key).await?;
        let mut answers = Vec::new();
        while !holds(&answers, b"NetStream.Publish.Start") {
            let mut bytes = [0; 4096];
            let read = timeout(PATIENCE, client.stream.read(&mut bytes)).await??;
            if read == 0 {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            answers.extend(&bytes[..read]);
        }
        Ok(client)
    }

    /// Asks to publish, whatever comes of it.
    pub async fn ask(&mut self, app: &str, key: &str) -> io::Result<()> {
        let mut connect = amf0_call("connect", 1.0);
        connect.push(3);
        connect.extend(property("app", app));
        connect.extend([0, 0, 9]);
        let mut create = amf0_call("createStream", 2.0);
        create.push(5);
        let mut publish = amf0_call("publish", 3.0);
        publish.push(5);
        publish.extend(amf0_string(key));
        publish.extend(amf0_string("live"));
        for (stream, body) in [(0, connect), (0, create), (1, publish)] {
            self.message(3, COMMAND, stream, 0, &body).await?;
        }
        Ok(())
    }

    /// Bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await?
    }

    /// Tells the size of the chunks that follow.
    pub async fn set_chunk_size(&mut self, size: u32) -> io::Result<()> {
        self.message(2, 1, 0, 0, &size.to_be_bytes()).await?;
        self.chunk_size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        Ok(())
    }

    /// A whole message on a chunk stream.
    pub async fn message(
        &mut self,
        chunk_stream: u8,
        kind: u8,
        stream: u32,
        timestamp: u32,
        body: &[u8],
    ) -> io::Result<()> {
        let chunks = chunks(chunk_stream, kind, stream, timestamp, body, self.chunk_size);
        self.write(&chunks.concat()).await
    }

    /// Tags of a file in real time from now on, `from` being added to their times. A tag of
    /// sound goes between the chunks of the picture before it, as encoders may send them.
    pub async fn tags(&mut self, tags: &[Tag]) -> io::Result<()> {
        let began = Instant::now();
        let mut tags = tags.iter().peekable();
        while let Some(tag) = tags.next() {
            sleep_until(began + Duration::from_millis(tag.timestamp.into())).await;
            let mut pieces = self.pieces(tag);
            if tag.kind == VIDEO
                && pieces.len() > 1
                && let Some(sound) = tags.next_if(|next| next.kind == AUDIO)
            {
                let rest = pieces.split_off(1);
                pieces.extend(self.pieces(sound));
                pieces.extend(rest);
            }
            self.write(&pieces.concat()).await?;
            self.read_what_is_there();
        }
        Ok(())
    }

    fn pieces(&self, tag: &Tag) -> Vec<Vec<u8>> {
        let chunk_stream = if tag.kind == VIDEO { 6 } else { 4 };
        chunks(
            chunk_stream,
            tag.kind,
            1,
            tag.timestamp,
            &tag.body,
            self.chunk_size,
        )
    }

    /// Acknowledgements and pings, which are not answered.
    fn read_what_is_there(&self) {
        let mut bytes = [0; 4096];
        while matches!(self.stream.try_read(&mut bytes), Ok(1..)) {}
    }

    /// Whether the server closes within `limit`.
    pub async fn is_closed_within(&mut self, limit: Duration) -> bool {
        let until_closed = async {
            let mut bytes = [0; 4096];
            while matches!(self.stream.read(&mut bytes).await, Ok(1..)) {}
        };
        timeout(limit, until_closed).await.is_ok()
    }
}

/// A message in chunks, the first with a whole header.
#[must_use]
pub fn chunks(
    chunk_stream: u8,
    kind: u8,
    stream: u32,
    timestamp: u32,
    body: &[u8],
    chunk_size: usize,
) -> Vec<Vec<u8>> {
    let length = u32::try_from(body.len()).expect("a test's message is short");
    let header = header(chunk_stream, kind, stream, timestamp, length);
    let mut pieces = body.chunks(chunk_size);
    let mut chunks = vec![[&header, pieces.next().unwrap_or_default()].concat()];
    chunks.extend(pieces.map(|piece| [&[0xc0 | chunk_stream], piece].concat()));
    chunks
}

/// A chunk's whole header (format 0), declaring `length` bytes. `timestamp` is below 2^24 - 1.
#[must_use]
pub fn header(chunk_stream: u8, kind: u8, stream: u32, timestamp: u32, length: u32) -> Vec<u8> {
    let mut header = vec![chunk_stream];
    header.extend(&timestamp.to_be_bytes()[1..]);
    header.extend(&length.to_be_bytes()[1..]);
    header.push(kind);
    header.extend(stream.to_le_bytes());
    header
}

/// The name and transaction of a command, for its arguments to be appended.
#[must_use]
pub fn amf0_call(name: &str, transaction: f64) -> Vec<u8> {
    let mut bytes = amf0_string(name);
    bytes.push(0);
    bytes.extend(transaction.to_be_bytes());
    bytes
}

fn amf0_string(text: &str) -> Vec<u8> {
    [&[2], text_of(text).as_slice()].concat()
}

fn property(name: &str, value: &str) -> Vec<u8> {
    [text_of(name), amf0_string(value)].concat()
}

fn text_of(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a test's text is short");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

/// The tags of an FLV file.
#[must_use]
pub fn tags(file: &[u8]) -> Vec<Tag> {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    };
    let mut tags = Vec::new();
    // The file's header, and the size of the tag before, which each tag follows.
    let mut rest = file.get(13..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_at_checked(11) {
        let length = number(&head[1..4]) as usize;
        let Some((body, behind)) = behind.split_at_checked(length) else {
            break;
        };
        tags.push(Tag {
            kind: head[0],
            timestamp: u32::from(head[7]) << 24 | number(&head[4..7]),
            body: body.to_vec(),
        });
        rest = behind.get(4..).unwrap_or_default();
    }
    tags
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
