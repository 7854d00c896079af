//! Lines of each kind.

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Badge, ChannelRole, ChatDelay, ChatSettings, Content, FollowAge, LineBody, Message,
    RestrictionKind, Seq,
};
use greenroom_domain::stream::EndReason;

use crate::builders::{
    ban, category, guest, message, noon_plus, stream_id, title, user_id, viewer,
};

/// One of each kind.
pub(super) fn bodies() -> Vec<LineBody> {
    let stream = stream_id("ada", 1);
    let subject = guest("troll");
    let LineBody::Message(said) = message("ada", viewer("bea"), "hello").line().body else {
        unreachable!("a message's line is a message");
    };
    let deleted = Message {
        content: Content::Deleted,
        ..said.clone()
    };
    let mut of_staff = said.clone();
    of_staff.author.badges = vec![Badge::Moderator, Badge::Vip];
    vec![
        LineBody::Message(said),
        LineBody::Message(of_staff),
        LineBody::Message(deleted),
        LineBody::Deleted { target: Seq(1) },
        LineBody::Restricted {
            subject,
            name: Some(DisplayName::parse("Troll").expect("a name that fits")),
            kind: RestrictionKind::Timeout {
                until: noon_plus(60),
            },
            reason: ban("ada", subject).reason,
        },
        LineBody::RestrictionLifted { subject },
        LineBody::SettingsChanged(ChatSettings::default()),
        LineBody::SettingsChanged(ChatSettings {
            delay: ChatDelay::new(60).ok(),
            followers_only: Some(FollowAge::ANY),
            emotes_only: true,
            ..ChatSettings::default()
        }),
        LineBody::Pinned {
            target: Seq(u64::MAX),
        },
        LineBody::Unpinned { target: Seq(1) },
        LineBody::RoleChanged {
            user: user_id("eve"),
            name: DisplayName::parse(&"👨‍👩‍👧‍👦".repeat(50)).expect("50 graphemes"),
            role: Some(ChannelRole::Moderator),
        },
        LineBody::RoleChanged {
            user: user_id("eve"),
            name: DisplayName::parse("Eve").expect("a name that fits"),
            role: None,
        },
        LineBody::ChannelEdited {
            title: title("Another"),
            category: Some(category("Music")),
        },
        LineBody::StreamStarted {
            stream,
            title: title("On air"),
        },
        LineBody::StreamInterrupted { stream },
        LineBody::StreamResumed { stream },
        LineBody::StreamEnded {
            stream,
            reason: EndReason::EncoderGone,
        },
    ]
}
