//! One connection of an encoder, from the first byte to the last status.

use bytes::{Buf as _, Bytes, BytesMut};

use super::chunk::{self, Bounds, ChunkReader, Message};
use super::clock::Clock;
use super::command::{self, Command, Status};
use super::event::{Event, PublishMode, RtmpError};
use super::handshake::Handshake;
use super::key::StreamKey;
use super::status::{EndReason, Refusal};
use crate::flv::Metadata;
use crate::frame::TrackKind;

/// What one connection may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a peer may send in all until its publishing is accepted;
    /// what is held of them is never more.
    pub before_publish: usize,
    /// The longest message with sound or picture, afterwards.
    pub message: usize,
    /// All unfinished messages together, afterwards.
    pub unfinished: usize,
    /// The longest command or data message, at any time.
    pub command: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            before_publish: 256 << 10,
            message: 8 << 20,
            unfinished: 12 << 20,
            command: 64 << 10,
        }
    }
}

/// How far a session is; the listener sets its deadlines by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No RTMP was spoken, yet.
    Handshake,
    /// Greeted; has not asked to publish, or has stopped publishing.
    Connecting,
    /// Has asked to publish and waits for [`Session::accept_publish`] or
    /// [`Session::refuse_publish`]. Nothing more is read until then.
    Deciding,
    /// Its media is accepted.
    Publishing,
    /// Over: write what [`Session::take_output`] gives, then close.
    Closed,
}

/// What is advertised as, and assumed to be, the acknowledgement window.
const WINDOW: u32 = 2_500_000;
/// A smaller window of the peer's is raised to this: each acknowledgement costs
/// a packet.
const MIN_WINDOW: u64 = 4096;
/// Large enough for every answer to be one chunk.
const OUTGOING_CHUNK_SIZE: u32 = 65_536;
/// Answers that may wait to be written.
const MAX_OUTPUT: usize = 64 << 10;
/// The longest application name, in bytes.
const MAX_APP: usize = 128;
/// Reserved at once for a message of several chunks, from a publisher.
const RESERVE: usize = 64 << 10;

/// The state machine of one connection.
#[derive(Debug)]
pub struct Session {
    limits: Limits,
    handshake: Handshake,
    stage: Stage,
    chunks: ChunkReader,
    clock: Clock,
    out: BytesMut,
    /// Set by `connect`.
    app: Option<App>,
    streams_created: u32,
    /// The message stream that `publish` came on.
    publish_stream: u32,
    received: u64,
    acknowledged: u64,
    window: u64,
    /// Bytes taken since publishing was last accepted or the session began.
    unpaid: usize,
    /// What was left in the input after the last poll.
    waiting: usize,
}

/// An application name, and what stood behind its slash: encoders that have one
/// field for the address put the key there.
#[derive(Debug)]
struct App {
    name: String,
    key: Option<StreamKey>,
}

impl Session {
    /// A connection that was just accepted.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            handshake: Handshake::Hello,
            stage: Stage::Handshake,
            chunks: ChunkReader::new(),
            clock: Clock::default(),
            out: BytesMut::new(),
            app: None,
            streams_created: 0,
            publish_stream: 0,
            received: 0,
            acknowledged: 0,
            window: WINDOW.into(),
            unpaid: 0,
            waiting: 0,
        }
    }

    /// Takes whole messages from the front of `input` until one of them is an
    /// event. `None`: everything that can be taken is taken, more bytes (or, in
    /// [`Stage::Deciding`], a decision) are needed; what is left stays in
    /// `input`, at most some 64 KiB outside of `Deciding`. Call again while it
    /// gives events, and after a decision.
    ///
    /// # Errors
    /// The connection cannot go on; the session is [`Stage::Closed`].
    pub fn poll(&mut self, input: &mut BytesMut) -> Result<Option<Event>, RtmpError> {
        let before = input.len();
        let trusted = self.stage == Stage::Publishing;
        let mut outcome = self.advance(input);
        let taken = before - input.len();
        self.waiting = input.len();
        self.received += taken as u64;
        if self.received - self.acknowledged >= self.window {
            self.acknowledged = self.received;
            #[expect(clippy::cast_possible_truncation, reason = "the number wraps")]
            let sequence = self.received as u32;
            self.control(3, &sequence.to_be_bytes());
        }
        if !trusted {
            self.unpaid += taken;
            if self.unpaid > self.limits.before_publish && outcome.is_ok() {
                outcome = Err(RtmpError::TooMuchBeforePublish);
            }
        }
        if self.out.len() > MAX_OUTPUT && outcome.is_ok() {
            outcome = Err(RtmpError::OutputBacklog);
        }
        if outcome.is_err() {
            self.stage = Stage::Closed;
        }
        outcome
    }

    /// Bytes to be written to the peer.
    pub fn take_output(&mut self) -> Bytes {
        self.out.split().freeze()
    }

    /// Whether [`Session::take_output`] has something to give.
    pub fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// How far the session is.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Bytes held for this connection: unfinished messages, input that waits
    /// for its rest, answers not yet taken.
    pub fn buffered_bytes(&self) -> usize {
        self.chunks.held() + self.waiting + self.out.len()
    }

    /// Lets the encoder publish. Does nothing unless it asked.
    pub fn accept_publish(&mut self) {
        if self.stage != Stage::Deciding {
            return;
        }
        self.stage = Stage::Publishing;
        self.unpaid = 0;
        let stream = self.publish_stream;
        let [a, b, c, d] = stream.to_be_bytes();
        self.control(4, &[0, 0, a, b, c, d]); // Stream Begin
        self.status(Status::note(
            "NetStream.Publish.Start",
            "Publishing started.",
        ));
    }

    /// Refuses the encoder that asked, with a status it can show.
    pub fn refuse_publish(&mut self, refusal: Refusal) {
        if self.stage == Stage::Deciding {
            self.status(refusal.status());
            self.stage = Stage::Closed;
        }
    }

    /// Ends the session from this side, with a terminal status if it got as far
    /// as publishing.
    pub fn end(&mut self, reason: EndReason) {
        if matches!(self.stage, Stage::Deciding | Stage::Publishing) {
            self.status(reason.status());
        }
        self.stage = Stage::Closed;
    }

    /// Asks the peer for a sign of life (Ping Request).
    pub fn ping(&mut self, timestamp: u32) {
        let [a, b, c, d] = timestamp.to_be_bytes();
        self.control(4, &[0, 6, a, b, c, d]);
    }

    fn advance(&mut self, input: &mut BytesMut) -> Result<Option<Event>, RtmpError> {
        if self.stage == Stage::Handshake {
            if !self.handshake.advance(input, &mut self.out)? {
                return Ok(None);
            }
            self.stage = Stage::Connecting;
        }
        loop {
            match self.stage {
                Stage::Deciding => return Ok(None),
                Stage::Closed => {
                    input.clear();
                    return Ok(None);
                }
                Stage::Handshake | Stage::Connecting | Stage::Publishing => {}
            }
            let bounds = self.bounds();
            let Some(message) = self.chunks.next(input, &bounds)? else {
                return Ok(None);
            };
            if let Some(event) = self.message(message)? {
                return Ok(Some(event));
            }
        }
    }

    fn bounds(&self) -> Bounds {
        let limits = &self.limits;
        if self.stage == Stage::Publishing {
            Bounds {
                media: limits.message,
                other: limits.command,
                unfinished: limits.unfinished,
                reserve: RESERVE,
            }
        } else {
            Bounds {
                media: limits.command,
                other: limits.command,
                // The rest is for what waits in the input, and answers.
                unfinished: limits.before_publish / 2,
                reserve: 0,
            }
        }
    }

    fn message(&mut self, message: Message) -> Result<Option<Event>, RtmpError> {
        match message.kind {
            8 => Ok(self.media(TrackKind::Audio, message)),
            9 => Ok(self.media(TrackKind::Video, message)),
            1 => {
                let size = number(&message)?;
                self.chunks.set_chunk_size(size)?;
                Ok(None)
            }
            2 => {
                self.chunks.abort(number(&message)?);
                Ok(None)
            }
            4 => {
                self.user_control(&message.body);
                Ok(None)
            }
            5 => {
                self.window = u64::from(number(&message)?).max(MIN_WINDOW);
                Ok(None)
            }
            15 | 18 => Ok(self.data(&message)),
            17 | 20 => self.command(&message),
            // Acknowledgements and the peer's wish for our bandwidth: answers
            // are few. Shared objects, aggregates: no encoder's business.
            _ => Ok(None),
        }
    }

    fn media(&mut self, track: TrackKind, message: Message) -> Option<Event> {
        if self.stage != Stage::Publishing || message.body.is_empty() {
            return None;
        }
        Some(Event::Media {
            track,
            timestamp: self.clock.unwrap(message.timestamp),
            body: message.body,
        })
    }

    fn data(&mut self, message: &Message) -> Option<Event> {
        if self.stage != Stage::Publishing {
            return None;
        }
        Metadata::parse(&without_amf3_mark(message)).map(Event::Metadata)
    }

    fn user_control(&mut self, body: &[u8]) {
        if let &[0, 6, a, b, c, d, ..] = body {
            self.control(4, &[0, 7, a, b, c, d]);
        }
    }

    fn command(&mut self, message: &Message) -> Result<Option<Event>, RtmpError> {
        let body = without_amf3_mark(message);
        let mut command = Command::parse(&body)?;
        let transaction = command.transaction;
        match command.name {
            "connect" => self.connect(&command),
            "createStream" => {
                self.streams_created = self.streams_created.saturating_add(1);
                let id = f64::from(self.streams_created);
                self.reply(0, &command::result(transaction, Some(id)));
            }
            "releaseStream" => self.reply(0, &command::result(transaction, None)),
            "FCPublish" => self.reply(
                0,
                &command::notify(
                    "onFCPublish",
                    &Status::note("NetStream.Publish.Start", "Go on."),
                ),
            ),
            "publish" => return self.publish(message.stream, &mut command),
            "FCUnpublish" | "deleteStream" | "closeStream" => return Ok(self.unpublish()),
            "play" | "play2" => {
                self.publish_stream = message.stream;
                self.status(Status::error(
                    "NetStream.Play.Failed",
                    "Only publishing is served over RTMP.",
                ));
                return Err(RtmpError::PlayRefused);
            }
            // Answers to what we never asked, and notes that want no answer.
            name if transaction == 0.0 || name.starts_with('_') || name.starts_with("on") => {}
            _ => self.reply(
                message.stream,
                &command::error(
                    transaction,
                    &Status::error("NetConnection.Call.Failed", "There is no such method."),
                ),
            ),
        }
        Ok(None)
    }

    fn connect(&mut self, command: &Command<'_>) {
        let property = |name| command.object.and_then(|object| object.get(name));
        let path = property("app").and_then(|app| app.as_str()).unwrap_or("");
        let path = path.trim_start_matches('/');
        let (name, rest) = path.split_at(path.find(['/', '?']).unwrap_or(path.len()));
        self.app = Some(App {
            name: name.chars().take(MAX_APP).collect(),
            key: rest.strip_prefix('/').and_then(StreamKey::new),
        });
        let enhanced = [
            "fourCcList",
            "videoFourCcInfoMap",
            "audioFourCcInfoMap",
            "capsEx",
        ]
        .into_iter()
        .any(|name| property(name).is_some());
        self.control(5, &WINDOW.to_be_bytes());
        let [a, b, c, d] = WINDOW.to_be_bytes();
        self.control(6, &[a, b, c, d, 2]); // dynamic
        self.control(1, &OUTGOING_CHUNK_SIZE.to_be_bytes());
        self.reply(0, &command::connected(command.transaction, enhanced));
    }

    fn publish(
        &mut self,
        stream: u32,
        command: &mut Command<'_>,
    ) -> Result<Option<Event>, RtmpError> {
        if self.stage == Stage::Publishing {
            self.reply(
                stream,
                &command::notify("onStatus", &Refusal::Busy.status()),
            );
            return Ok(None);
        }
        self.publish_stream = stream;
        let app = self.app.as_ref().ok_or(RtmpError::NotConnected)?;
        let key = match command.text() {
            None | Some("") => app.key.clone(),
            Some(name) => StreamKey::new(name),
        };
        let app = app.name.clone();
        let mode = match command.text() {
            Some("record") => PublishMode::Record,
            Some("append") => PublishMode::Append,
            _ => PublishMode::Live,
        };
        let Some(key) = key else {
            self.status(Refusal::BadName.status());
            return Err(RtmpError::UnusableKey);
        };
        self.stage = Stage::Deciding;
        Ok(Some(Event::PublishRequested { app, key, mode }))
    }

    fn unpublish(&mut self) -> Option<Event> {
        if self.stage != Stage::Publishing {
            return None;
        }
        self.status(Status::note(
            "NetStream.Unpublish.Success",
            "Publishing stopped.",
        ));
        self.stage = Stage::Connecting;
        Some(Event::PublishEnded)
    }

    fn status(&mut self, status: Status) {
        let stream = self.publish_stream;
        self.reply(stream, &command::notify("onStatus", &status));
    }

    /// Sends a command message.
    fn reply(&mut self, stream: u32, body: &[u8]) {
        chunk::write(&mut self.out, 3, 20, stream, body);
    }

    /// Sends a protocol control message.
    fn control(&mut self, kind: u8, body: &[u8]) {
        chunk::write(&mut self.out, 2, kind, 0, body);
    }
}

/// The 32-bit number that a control message consists of.
fn number(message: &Message) -> Result<u32, RtmpError> {
    match message.body.first_chunk() {
        Some(bytes) => Ok(u32::from_be_bytes(*bytes)),
        None => Err(RtmpError::Control(message.kind)),
    }
}

/// The AMF0 of a message: those of the AMF3 types start with a format byte, 0,
/// and then are AMF0 all the same.
fn without_amf3_mark(message: &Message) -> Bytes {
    let mut body = message.body.clone();
    if matches!(message.kind, 15 | 17) && body.first() == Some(&0) {
        body.advance(1);
    }
    body
}
