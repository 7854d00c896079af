//! A channel with everything, changes of every kind, and every reason to refuse them.

use greenroom_domain::account::{Session, SessionId, User};
use greenroom_domain::channel::{Channel, StreamKey};
use greenroom_domain::chat::{
    Appointment, ChannelRole, Line, LineBody, NewLine, Restriction, Room, Seq,
};
use greenroom_domain::recording::{Recording, RecordingState};
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CommitError, CounterChange, Holder, StateChange,
};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{Consumer, CursorMove, FeedPosition, FeedRecord};
use greenroom_domain::shared::once::Reply;
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::social::{Block, Follow};
use greenroom_domain::stream::{EndReason, Stream, StreamCounts, StreamEvent};

use super::{Subject, keep, paging};
use crate::builders::{
    NOON, appointment, ban, block, channel, channel_id, creates_channel, creates_key,
    creates_recording, creates_stream, creates_user, event, follow, follows, mac, message, new,
    node_id, noon_plus, recording, recording_id, reply, room, seen, session, stream, stream_id,
    stream_key, stream_key_id, title, user, user_id, viewer,
};

const CONSUMER: Consumer = Consumer("contract");

/// Why a commit may be refused, in the order of the port's promise.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bad {
    Repeated,
    Answered,
    Cursor,
    Version,
    Policy,
    Claim,
}

impl Bad {
    pub(super) const ALL: [Self; 6] = [
        Self::Repeated,
        Self::Answered,
        Self::Cursor,
        Self::Version,
        Self::Policy,
        Self::Claim,
    ];

    /// The changes, and a part that is refused for this reason.
    pub(super) fn beside(self, mut changes: Changes) -> Changes {
        match self {
            Self::Repeated => changes.line(first_message()),
            Self::Answered => {
                changes.reply = Some(first_reply());
                changes
            }
            Self::Cursor => {
                changes.cursor = Some(CursorMove {
                    consumer: CONSUMER,
                    from: FeedPosition(77),
                    to: FeedPosition(78),
                });
                changes
            }
            Self::Version => changes.state(StateChange::User(new(user("bea").build()))),
            Self::Policy => changes.line(
                message("ada", viewer("bea"), "by old rules")
                    .checked_by(Version(99))
                    .line(),
            ),
            Self::Claim => changes.claim(ClaimChange::Take(
                Claim::Username(user("bea").build().username),
                Holder::User(user_id("eve")),
            )),
        }
    }

    pub(super) fn is<T>(self, result: &Result<T, CommitError>) -> bool {
        matches!(
            (self, result),
            (Self::Repeated, Err(CommitError::Repeated(_)))
                | (Self::Answered, Err(CommitError::Answered(_)))
                | (Self::Cursor, Err(CommitError::CursorMoved))
                | (Self::Version, Err(CommitError::Conflict))
                | (Self::Policy, Err(CommitError::PolicyMoved))
                | (Self::Claim, Err(CommitError::Taken(_)))
        )
    }
}

/// A channel with everything, each at version 1, one follower, and one message in its room.
pub(super) async fn set_the_scene(store: &Subject) {
    keep(store, creates_user(&user("ada").build())).await;
    keep(store, creates_user(&user("bea").build())).await;
    keep(store, creates_channel(&channel("ada"))).await;
    keep(store, creates_key(&stream_key("ada", 1))).await;
    keep(store, creates_stream(&stream("ada", 1).build())).await;
    keep(store, creates_recording(&recording("ada", 1))).await;
    keep(store, follows(follow("bea", "ada"))).await;
    let people = Changes::new()
        .state(StateChange::Appointment(moderator("mod")))
        .state(StateChange::Block(block("ada", "troll")));
    keep(store, people).await;
    let said = Changes {
        reply: Some(first_reply()),
        ..Changes::new().line(first_message())
    };
    keep(store, said).await;
}

fn first_message() -> NewLine {
    message("ada", viewer("bea"), "the first")
        .client_id("m-1")
        .line()
}

fn first_reply() -> Reply {
    reply(viewer("bea"), "the-first")
}

fn second_reply() -> Reply {
    reply(viewer("bea"), "the-second")
}

fn moderator(name: &str) -> Appointment {
    appointment("ada", name, ChannelRole::Moderator)
}

/// Changes of every kind, good where [`set_the_scene`] was before.
pub(super) fn everything() -> Changes {
    let first = Version(1);
    let key = stream_key("ada", 1);
    let rotated = key
        .clone()
        .rotate(mac("rotated"), key.sealed().expect("active").clone(), NOON)
        .expect("an active key rotates")
        .next;
    let holder = Holder::StreamKey(key.id);
    let live = stream("ada", 1).publishing(node_id("here"), key.id).build();
    let renamed = Channel {
        title: title("On air"),
        ..channel("ada")
    };
    let begun = RecordingState::Recording { started_at: NOON };
    let recorded = Recording {
        state: begun,
        ..recording("ada", 1)
    };
    let mut changes = creates_user(&user("eve").build())
        .state(StateChange::User(seen(
            user("ada").shown_as("Ada L.").build(),
            first,
        )))
        .state(StateChange::Session(session("token", user_id("ada"), 60)))
        .state(StateChange::Channel(seen(renamed, first)))
        .state(StateChange::StreamKey(seen(rotated, first)))
        .state(StateChange::Stream(seen(live, first)))
        .state(StateChange::Recording(seen(recorded, first)))
        .state(StateChange::Recording(new(recording("ada", 2))))
        .state(StateChange::Room(seen(room("ada"), first)))
        .state(StateChange::Restriction(ban("ada", viewer("troll"))))
        .state(StateChange::Appointment(moderator("eve")))
        .state(StateChange::Dismissed(channel_id("ada"), user_id("mod")))
        .state(StateChange::Block(block("ada", "another")))
        .state(StateChange::Unblocked(user_id("ada"), user_id("troll")))
        .state(StateChange::Follow(new(follow("eve", "ada"))))
        .counter(CounterChange::FollowerCame(channel_id("ada")))
        .state(StateChange::Unfollowed(
            user_id("bea"),
            channel_id("ada"),
            first,
        ))
        .counter(CounterChange::FollowerCame(channel_id("bea")))
        .claim(ClaimChange::Release(Claim::KeyHash(mac("ada 1")), holder))
        .claim(ClaimChange::Take(Claim::KeyHash(mac("rotated")), holder))
        .claim(ClaimChange::Take(
            Claim::LiveStream(channel_id("ada")),
            Holder::Stream(stream_id("ada", 1)),
        ))
        .counter(CounterChange::ViewsAdded(stream_id("ada", 1), 3))
        .counter(CounterChange::PeakSeen(stream_id("ada", 1), 2))
        .counter(CounterChange::MessagesAdded(stream_id("ada", 1), 1))
        .line(
            message("ada", viewer("eve"), "the second")
                .client_id("m-2")
                .line(),
        )
        .line(NewLine {
            room: channel_id("ada"),
            at: noon_plus(1),
            body: LineBody::StreamStarted {
                stream: stream_id("ada", 1),
                title: title("On air"),
            },
            policy_seen: None,
        });
    changes.redactions.push((channel_id("ada"), Seq(1)));
    changes.events.push(event(
        1,
        StreamEvent::Ended {
            stream: stream_id("ada", 1),
            channel: channel_id("ada"),
            reason: EndReason::OwnerEnded,
        },
    ));
    changes.cursor = Some(CursorMove {
        consumer: CONSUMER,
        from: FeedPosition::START,
        to: FeedPosition(1),
    });
    changes.reply = Some(second_reply());
    changes
}

/// What all the read ports say of the scene.
#[derive(Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) user: Option<Stored<User>>,
    pub(super) newcomer: Option<Stored<User>>,
    pub(super) session: Option<Session>,
    pub(super) channel: Option<Stored<Channel>>,
    pub(super) key: Option<Stored<StreamKey>>,
    pub(super) keys_by_hash: [Option<Stored<StreamKey>>; 2],
    pub(super) stream: Option<Stored<Stream>>,
    pub(super) live: Vec<Stored<Stream>>,
    pub(super) recording: Option<Stored<Recording>>,
    pub(super) recorded: Vec<Stored<Recording>>,
    pub(super) room: Option<Stored<Room>>,
    pub(super) restriction: Option<Restriction>,
    pub(super) appointments: Vec<Appointment>,
    pub(super) follows: [Option<Stored<Follow>>; 2],
    pub(super) followers: Vec<u64>,
    pub(super) blocks: Vec<Block>,
    pub(super) audited: Vec<Event>,
    pub(super) replies: [Option<Reply>; 2],
    pub(super) counts: Vec<StreamCounts>,
    pub(super) lines: Vec<Line>,
    pub(super) records: Vec<FeedRecord>,
    pub(super) cursor: Option<FeedPosition>,
}

impl Picture {
    pub(super) async fn of(store: &Subject) -> Self {
        let why = "a read answers";
        let ada = channel_id("ada");
        let keys = store.stream_keys();
        Self {
            user: store.users().get(user_id("ada")).await.expect(why),
            newcomer: store
                .users()
                .by_username(&user("eve").build().username)
                .await
                .expect(why),
            session: store
                .sessions()
                .get(SessionId(mac("token")))
                .await
                .expect(why),
            channel: store.channels().get(ada).await.expect(why),
            key: keys.get(stream_key_id("ada", 1)).await.expect(why),
            keys_by_hash: [
                keys.by_hash(mac("ada 1")).await.expect(why),
                keys.by_hash(mac("rotated")).await.expect(why),
            ],
            stream: store.streams().get(stream_id("ada", 1)).await.expect(why),
            live: store.streams().live().await.expect(why),
            recording: store
                .recordings()
                .get(recording_id("ada", 1))
                .await
                .expect(why),
            recorded: store.recordings().open().await.expect(why),
            room: store.moderation().room(ada).await.expect(why),
            restriction: store
                .moderation()
                .restriction(ada, viewer("troll"))
                .await
                .expect(why),
            appointments: store.moderation().appointments(ada).await.expect(why),
            follows: [
                store.follows().get(user_id("bea"), ada).await.expect(why),
                store.follows().get(user_id("eve"), ada).await.expect(why),
            ],
            followers: store
                .follows()
                .followers(&[ada, channel_id("bea")])
                .await
                .expect(why),
            blocks: store
                .blocks()
                .of_user(user_id("ada"), None, 100)
                .await
                .expect(why),
            audited: audited(store).await,
            replies: [
                store
                    .replies()
                    .get(viewer("bea"), &first_reply().key)
                    .await
                    .expect(why),
                store
                    .replies()
                    .get(viewer("bea"), &second_reply().key)
                    .await
                    .expect(why),
            ],
            counts: store
                .streams()
                .counts(&[stream_id("ada", 1)])
                .await
                .expect(why),
            lines: store
                .room_log()
                .after(ada, Seq::ZERO, 100)
                .await
                .expect(why),
            records: store
                .feed()
                .read(FeedPosition::START, 100)
                .await
                .expect(why),
            cursor: store.feed().cursor(CONSUMER).await.expect(why),
        }
    }
}

async fn audited(store: &Subject) -> Vec<Event> {
    let page = paging::first(100);
    let listed = store.audit().of_channel(channel_id("ada"), &page).await;
    let listed = listed.expect("a read").expect("a first page");
    listed.items
}
