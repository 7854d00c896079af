//! Random commits, of every kind of thing.

use greenroom_domain::account::AccountEvent;
use greenroom_domain::channel::ChannelEvent;
use greenroom_domain::chat::{
    Appointment, ChannelRole, ChatDelay, ChatSettings, FollowAge, Pin, Room, Seq,
};
use greenroom_domain::recording::{RecordedFile, Recording, RecordingFailure, RecordingState};
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CounterChange, Holder, StateChange,
};
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Follow, Notify};
use greenroom_domain::stream::EndReason;
use greenroom_testkit::builders::{
    appointment, ban, block, channel, channel_id, creates_channel, creates_key, creates_recording,
    creates_stream, creates_user, event, follow, follows, guest, message, node_id, noon_plus,
    recorded_file, recording, reply, room, seen, session, stream, stream_id, stream_key,
    stream_key_id, unfollows, user, user_id, viewer, writes_recording, writes_stream,
};
use proptest::prelude::*;

const NAMES: [&str; 3] = ["ada", "bea", "cyd"];

/// So many kinds of commands there are.
pub(super) const KINDS: u8 = 22;

/// One commit. What it is about is chosen by numbers; what the store refuses is refused.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) what: u8,
    pub(super) who: usize,
    pub(super) n: u32,
    pub(super) version: u64,
    pub(super) text: String,
}

pub(super) fn commands() -> impl Strategy<Value = Vec<Command>> {
    let command = (0..KINDS, 0..NAMES.len(), 1..4_u32, 0..4_u64, "\\PC{1,40}").prop_map(
        |(what, who, n, version, text)| Command {
            what,
            who,
            n,
            version,
            text: format!("x{text}"),
        },
    );
    prop::collection::vec(command, 1..120)
}

impl Command {
    pub(super) fn changes(&self) -> Changes {
        let (name, n) = (NAMES[self.who], self.n);
        let version = Version(self.version);
        let happened = AccountEvent::PasswordChanged {
            user: user_id(name),
        };
        let mut changes = match self.what {
            0 => creates_user(&user(name).shown_as(&format!("{name} {n}")).build()),
            1 => Changes::new().state(StateChange::User(seen(user(name).admin().build(), version))),
            2 => creates_user(&user(name).of_host("https://host.example", name).build()),
            3 => Changes::new().state(StateChange::Session(session(name, user_id(name), 60))),
            4 => creates_channel(&channel(name)),
            5 => creates_key(&stream_key(name, n)),
            6 => {
                let revoked = stream_key(name, n).revoke(noon_plus(9)).next;
                Changes::new().state(StateChange::StreamKey(seen(revoked, version)))
            }
            7 => {
                let live = stream(name, n).publishing(node_id("n"), stream_key_id(name, n));
                creates_stream(&live.build())
            }
            8 => writes_stream(
                &stream(name, n).ended(EndReason::OwnerEnded).build(),
                version,
            ),
            9 => {
                let id = stream_id(name, n);
                Changes::new().counter(CounterChange::ViewsAdded(id, self.version))
            }
            10 => Changes::new().state(StateChange::Restriction(ban(name, guest(&self.text)))),
            11 => {
                let first = Claim::FirstAdministrator;
                Changes::new().claim(ClaimChange::Take(first, Holder::User(user_id(name))))
            }
            12 => Changes {
                redactions: vec![(channel_id(name), Seq(self.n.into()))],
                ..Changes::new()
            },
            13 => follows(Follow {
                notify: Notify::Nothing,
                ..follow(name, NAMES[(self.who + 1) % NAMES.len()])
            }),
            14 => unfollows(follow(name, NAMES[(self.who + 1) % NAMES.len()]), version),
            15 => Changes::new().state(StateChange::Block(block(name, &self.text))),
            16 => {
                let role = [ChannelRole::Moderator, ChannelRole::Vip][self.who % 2];
                let eve = Appointment {
                    name: user(name).shown_as(&self.text).build().display_name,
                    ..appointment(name, "eve", role)
                };
                Changes::new().state(StateChange::Appointment(eve))
            }
            17 => Changes {
                reply: Some(reply(guest(name), &format!("key-{n}"))),
                ..Changes::new()
            },
            18 => creates_recording(&recording(name, n)),
            19 => writes_recording(&over(name, n, &self.text), version),
            20 => Changes::new().state(StateChange::Room(seen(strict_room(name), version))),
            _ => {
                let line = message(name, viewer(name), &self.text).client_id(&n.to_string());
                Changes::new().line(line.at(noon_plus(n.into())).line())
            }
        };
        if self.version == 1 {
            let channel = channel_id(name);
            changes.events.push(event(n, happened));
            changes
                .events
                .push(event(n, ChannelEvent::IngestLocked { channel }));
        }
        changes
    }
}

/// A recording from which something has come, or nothing.
fn over(name: &str, n: u32, location: &str) -> Recording {
    let state = match n {
        1 => RecordingState::Failed {
            reason: RecordingFailure::Lost,
            at: noon_plus(9),
        },
        _ => RecordingState::Available(RecordedFile {
            location: location.to_owned(),
            ..recorded_file(name, n)
        }),
    };
    Recording {
        state,
        ..recording(name, n)
    }
}

/// With everything that a room may have.
fn strict_room(name: &str) -> Room {
    let settings = ChatSettings {
        delay: ChatDelay::new(9).ok(),
        followers_only: Some(FollowAge::ANY),
        emotes_only: true,
        ..ChatSettings::default()
    };
    let pin = |by| Pin {
        target: Seq(1),
        by,
        at: noon_plus(1),
    };
    Room {
        settings,
        pins: vec![pin(None), pin(Some(guest(name)))],
        ..room(name)
    }
}
