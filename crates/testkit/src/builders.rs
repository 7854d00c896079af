//! Readable test data. Names make ids: the user `"ada"` has the same id everywhere, and owns
//! the channel `"ada"` unless told otherwise.

mod recording;
mod social;

use std::time::Duration;

use greenroom_domain::account::{
    CreatorStatus, DisplayName, Login, PasswordHash, Role, Session, SessionId, Subject, User,
    Username,
};
use greenroom_domain::channel::{
    Category, Channel, ChannelTitle, Handle, KeyLabel, NewChannel, NewStreamKey, StreamKey,
};
use greenroom_domain::chat::{
    Author, ClientMessageId, Content, LineBody, Message, MessageText, ModerationReason, NewLine,
    Restriction, RestrictionKind, Room, Seq,
};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder, StateChange, Write};
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::{
    ChannelId, ConnectionId, EventId, GuestId, NodeId, PictureId, StreamId, StreamKeyId, UserId,
};
use greenroom_domain::shared::secret::{Mac, Sealed};
use greenroom_domain::shared::store::Version;
use greenroom_domain::stream::{
    EndReason, Generation, Ingest, NewStream, Publisher, Stream, StreamState,
};
use uuid::Uuid;

use crate::ids::mix;

pub use recording::{
    creates_recording, recorded_file, recording, recording_id, recording_order, writes_recording,
};
pub use social::{appointment, block, follow, follows, reply, unfollows};

/// When tests begin: 2026-01-01T12:00:00Z.
pub const NOON: Timestamp = Timestamp::from_micros(1_767_268_800_000_000);

/// So many seconds after [`NOON`].
pub fn noon_plus(seconds: u64) -> Timestamp {
    NOON + Duration::from_secs(seconds)
}

/// The id that a name makes, a different one for each kind of thing.
fn named(kind: &str, name: &str) -> Uuid {
    let half = |salt: u64| {
        kind.bytes()
            .chain([0])
            .chain(name.bytes())
            .fold(mix(salt), |state, byte| mix(state ^ u64::from(byte)))
    };
    Uuid::from_u64_pair(half(1), half(2))
}

/// The id of the user of this name.
pub fn user_id(name: &str) -> UserId {
    UserId::from_uuid(named("user", name))
}

/// The id of the guest of this name.
pub fn guest_id(name: &str) -> GuestId {
    GuestId::from_uuid(named("guest", name))
}

/// The id of the channel of this handle.
pub fn channel_id(handle: &str) -> ChannelId {
    ChannelId::from_uuid(named("channel", handle))
}

/// The id of a channel's nth stream. They grow with `n`.
pub fn stream_id(handle: &str, n: u32) -> StreamId {
    let (_, low) = named("stream", handle).as_u64_pair();
    StreamId::from_uuid(Uuid::from_u64_pair(u64::from(n), low))
}

/// The id of a channel's nth stream key. They grow with `n`.
pub fn stream_key_id(handle: &str, n: u32) -> StreamKeyId {
    let (_, low) = named("stream key", handle).as_u64_pair();
    StreamKeyId::from_uuid(Uuid::from_u64_pair(u64::from(n), low))
}

/// The id of the node of this name.
pub fn node_id(name: &str) -> NodeId {
    NodeId::from_uuid(named("node", name))
}

/// The id of the connection of this name.
pub fn connection_id(name: &str) -> ConnectionId {
    ConnectionId::from_uuid(named("connection", name))
}

/// The id of the picture of this name.
pub fn picture_id(name: &str) -> PictureId {
    PictureId::from_uuid(named("picture", name))
}

/// The user of this name, as the audience and the chat know them.
pub fn viewer(name: &str) -> Identity {
    Identity::User(user_id(name))
}

/// The guest of this name, as the audience and the chat know them.
pub fn guest(name: &str) -> Identity {
    Identity::Guest(guest_id(name))
}

/// The keyed hash of this secret. Not a real one.
pub fn mac(secret: &str) -> Mac {
    let mut bytes = [0; 32];
    let (high, low) = bytes.split_at_mut(16);
    high.copy_from_slice(named("mac", secret).as_bytes());
    low.copy_from_slice(named("mac, second half", secret).as_bytes());
    Mac(bytes)
}

/// A user.
pub fn user(name: &str) -> UserBuilder {
    UserBuilder(User {
        id: user_id(name),
        username: Username::parse(name).expect("a user's name that fits"),
        display_name: DisplayName::parse(name).expect("a display name that fits"),
        avatar: None,
        role: Role::User,
        creator: CreatorStatus::None,
        login: Login::Local(PasswordHash(format!("$argon2id$of-{name}"))),
        created_at: NOON,
    })
}

/// Makes a [`User`].
#[derive(Debug, Clone)]
#[must_use]
pub struct UserBuilder(User);

impl UserBuilder {
    /// With this id instead of the name's.
    pub fn id(mut self, id: UserId) -> Self {
        self.0.id = id;
        self
    }

    /// Shown as this.
    pub fn shown_as(mut self, name: &str) -> Self {
        self.0.display_name = DisplayName::parse(name).expect("a display name that fits");
        self
    }

    /// With a picture.
    pub fn avatar(mut self, name: &str) -> Self {
        self.0.avatar = Some(picture_id(name));
        self
    }

    /// An administrator.
    pub fn admin(mut self) -> Self {
        self.0.role = Role::Admin;
        self
    }

    /// Of this creator status.
    pub fn creator(mut self, status: CreatorStatus) -> Self {
        self.0.creator = status;
        self
    }

    /// Of the host platform.
    pub fn of_host(mut self, issuer: &str, subject: &str) -> Self {
        self.0.login = Login::Host(Subject {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        });
        self
    }

    /// Made then.
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.0.created_at = at;
        self
    }

    /// The user.
    pub fn build(self) -> User {
        self.0
    }
}

/// Somebody is signed in, for so many seconds after [`NOON`].
pub fn session(token: &str, user: UserId, seconds: u64) -> Session {
    Session {
        id: SessionId(mac(token)),
        user,
        created_at: NOON,
        expires_at: noon_plus(seconds),
    }
}

/// A channel of this handle, owned by the user of the same name.
pub fn channel(handle: &str) -> Channel {
    let new = NewChannel {
        id: channel_id(handle),
        owner: user_id(handle),
        handle: Handle::parse(handle).expect("a handle that fits"),
        title: title("Making things"),
    };
    Channel::create(new, NOON).next
}

/// A title.
pub fn title(text: &str) -> ChannelTitle {
    ChannelTitle::parse(text).expect("a title that fits")
}

/// A category.
pub fn category(text: &str) -> Category {
    Category::parse(text).expect("a category that fits")
}

/// The nth active key of a channel, made `n` seconds after [`NOON`].
pub fn stream_key(handle: &str, n: u32) -> StreamKey {
    let new = NewStreamKey {
        id: stream_key_id(handle, n),
        channel: channel_id(handle),
        label: KeyLabel::parse(&format!("Key {n}")).expect("a label that fits"),
        bound_to: None,
        hash: mac(&format!("{handle} {n}")),
        sealed: Sealed(format!("sealed {handle} {n}").into_bytes()),
    };
    StreamKey::create(new, noon_plus(n.into())).next
}

/// The nth stream of a channel, pending, planned `n` seconds after [`NOON`].
pub fn stream(handle: &str, n: u32) -> StreamBuilder {
    let new = NewStream {
        id: stream_id(handle, n),
        channel: channel_id(handle),
        title: title(&format!("Broadcast {n}")),
        category: None,
    };
    StreamBuilder(Stream::create(new, noon_plus(n.into())).next)
}

/// Makes a [`Stream`].
#[derive(Debug, Clone)]
#[must_use]
pub struct StreamBuilder(Stream);

impl StreamBuilder {
    /// Started by command, waiting for its encoder until then.
    pub fn awaiting(self, until: Timestamp) -> Self {
        self.live(Ingest::Awaiting { until })
    }

    /// An encoder publishes from this node.
    pub fn publishing(mut self, node: NodeId, key: StreamKeyId) -> Self {
        self.0.generation = Generation(self.0.generation.0 + 1);
        let since = self.0.created_at;
        self.live(Ingest::Publishing(Publisher { node, key, since }))
    }

    /// The encoder that came with this key has gone, and may come back until then.
    pub fn interrupted(self, key: StreamKeyId, until: Timestamp) -> Self {
        let since = self.0.created_at;
        self.live(Ingest::Interrupted { key, since, until })
    }

    /// Over, a minute after it was planned.
    pub fn ended(mut self, reason: EndReason) -> Self {
        self.0.state = StreamState::Ended {
            started_at: self.0.created_at,
            ended_at: self.0.created_at + Duration::from_secs(60),
            reason,
        };
        self
    }

    /// The stream.
    pub fn build(self) -> Stream {
        self.0
    }

    fn live(mut self, ingest: Ingest) -> Self {
        self.0.state = StreamState::Live {
            started_at: self.0.created_at,
            ingest,
        };
        self
    }
}

/// The room of a channel, with the rules that a new one has.
pub fn room(handle: &str) -> Room {
    Room::open(channel_id(handle))
}

/// Somebody is banned from a channel.
pub fn ban(handle: &str, subject: Identity) -> Restriction {
    Restriction {
        room: channel_id(handle),
        subject,
        kind: RestrictionKind::Ban,
        reason: Some(ModerationReason::parse("spam").expect("a reason that fits")),
        name: None,
        at: NOON,
    }
}

/// Somebody says something in a channel's room, checked by no rule.
pub fn message(handle: &str, author: Identity, text: &str) -> MessageBuilder {
    MessageBuilder {
        message: Message {
            author: Author {
                identity: author,
                username: None,
                name: DisplayName::parse("Somebody").expect("a display name that fits"),
                badges: Vec::new(),
            },
            client_id: None,
            content: Content::Text(
                MessageText::parse(text, 1000).expect("a message's text that fits"),
            ),
            reply_to: None,
        },
        room: channel_id(handle),
        at: NOON,
        policy_seen: None,
    }
}

/// Makes a [`NewLine`] with a message.
#[derive(Debug, Clone)]
#[must_use]
pub struct MessageBuilder {
    message: Message,
    room: ChannelId,
    at: Timestamp,
    policy_seen: Option<Version>,
}

impl MessageBuilder {
    /// Its client calls it this.
    pub fn client_id(mut self, id: &str) -> Self {
        self.message.client_id =
            Some(ClientMessageId::parse(id).expect("a client message id that fits"));
        self
    }

    /// It answers that message.
    pub fn reply_to(mut self, target: Seq) -> Self {
        self.message.reply_to = Some(target);
        self
    }

    /// Said then.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    /// Checked by the rules of this version of the room.
    pub fn checked_by(mut self, version: Version) -> Self {
        self.policy_seen = Some(version);
        self
    }

    /// The line.
    pub fn line(self) -> NewLine {
        NewLine {
            room: self.room,
            at: self.at,
            body: LineBody::Message(self.message),
            policy_seen: self.policy_seen,
        }
    }
}

/// Something happened, said the system at [`NOON`]. `n` makes its id.
pub fn event(n: u32, what: impl Into<Happening>) -> Event {
    Event {
        id: EventId::from_uuid(Uuid::from_u64_pair(n.into(), 0)),
        at: NOON,
        by: Actor::System,
        what: what.into(),
    }
}

/// An aggregate that has never been written.
pub fn new<T>(next: T) -> Write<T> {
    Write {
        next,
        seen: Version::NEW,
    }
}

/// An aggregate that was read at this version.
pub fn seen<T>(next: T, seen: Version) -> Write<T> {
    Write { next, seen }
}

/// Makes an account, with the names that it takes.
pub fn creates_user(user: &User) -> Changes {
    let holder = Holder::User(user.id);
    let changes = Changes::new()
        .state(StateChange::User(new(user.clone())))
        .claim(ClaimChange::Take(
            Claim::Username(user.username.clone()),
            holder,
        ));
    match &user.login {
        Login::Host(subject) => {
            changes.claim(ClaimChange::Take(Claim::Subject(subject.clone()), holder))
        }
        Login::Local(_) => changes,
    }
}

/// Makes a channel and its room, with the names that it takes.
pub fn creates_channel(channel: &Channel) -> Changes {
    let holder = Holder::Channel(channel.id);
    Changes::new()
        .state(StateChange::Channel(new(channel.clone())))
        .state(StateChange::Room(new(Room::open(channel.id))))
        .claim(ClaimChange::Take(
            Claim::Handle(channel.handle.clone()),
            holder,
        ))
        .claim(ClaimChange::Take(Claim::ChannelOf(channel.owner), holder))
}

/// Makes a stream key, with the hash that it takes.
pub fn creates_key(key: &StreamKey) -> Changes {
    let changes = Changes::new().state(StateChange::StreamKey(new(key.clone())));
    match key.hash() {
        Some(hash) => changes.claim(ClaimChange::Take(
            Claim::KeyHash(hash),
            Holder::StreamKey(key.id),
        )),
        None => changes,
    }
}

/// Makes a stream; a live one takes the channel's one live place.
pub fn creates_stream(stream: &Stream) -> Changes {
    writes_stream(stream, Version::NEW)
}

/// Writes a stream that was read at this version: it takes the channel's one live place when
/// it is live, and gives it back when it has ended.
pub fn writes_stream(stream: &Stream, version: Version) -> Changes {
    let changes = Changes::new().state(StateChange::Stream(seen(stream.clone(), version)));
    let (claim, holder) = (Claim::LiveStream(stream.channel), Holder::Stream(stream.id));
    match stream.state {
        StreamState::Pending => changes,
        StreamState::Live { .. } => changes.claim(ClaimChange::Take(claim, holder)),
        StreamState::Ended { .. } => changes.claim(ClaimChange::Release(claim, holder)),
    }
}
