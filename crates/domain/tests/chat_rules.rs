//! What may be said where, by the letter.

use std::time::Duration;

use greenroom_domain::access::Standing;
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Appointment, ChannelRole, ChatError, ChatSettings, FollowAge, LineBody, MessageText,
    ModerationReason, Place, PostRefused, Restriction, RestrictionKind, Room, Seq, SlowMode,
    Speaker, mentions,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use uuid::Uuid;

#[test]
fn places_are_read_and_what_is_none_refused() {
    let place = Place {
        epoch: 7,
        seq: Seq(42),
    };
    assert_eq!(place.to_string(), "7:42");
    assert_eq!("7:42".parse(), Ok(place));
    for wrong in [
        "",
        ":",
        "7",
        "7:",
        ":42",
        "7:42:1",
        "-1:2",
        "1:-2",
        " 7:42",
        "7:42 ",
        "4294967296:1",
        "1:18446744073709551616",
        "0x1:2",
    ] {
        assert!(wrong.parse::<Place>().is_err(), "{wrong:?}");
    }
}

#[test]
fn mentions_begin_a_word() {
    let names = |text| -> Vec<String> { mentions(text).iter().map(ToString::to_string).collect() };
    assert_eq!(
        names("@ada hello @Bea-1, and (@cleo)!"),
        ["ada", "bea-1", "cleo"]
    );
    assert_eq!(names("mail me: ada@example.org"), [""; 0]);
    assert_eq!(names("@ada @ADA @ada"), ["ada"], "each once");
    assert_eq!(names("@ @@ @ab @-ada é@ada"), [""; 0], "no names");
    assert_eq!(names("@@ada"), ["ada"]);
    let many: Vec<_> = (0..20).map(|n| format!("@user{n}")).collect();
    assert_eq!(names(&many.join(" ")).len(), 10);
}

#[test]
fn rules_out_of_range_are_refused() {
    let settings = |max_length| ChatSettings {
        max_length,
        ..ChatSettings::default()
    };
    for (length, fits) in [(0, false), (1, true), (1000, true), (1001, false)] {
        let configured = room().configure(settings(length));
        assert_eq!(configured.is_ok(), fits, "{length}");
    }
    for (seconds, fits) in [(0, false), (1, true), (600, true), (601, false)] {
        assert_eq!(SlowMode::new(seconds).is_ok(), fits, "{seconds}");
    }
    let same = room().configure(ChatSettings::default()).expect("fits");
    assert!(same.is_unchanged());
}

#[test]
fn a_timeout_lasts_a_second_to_two_weeks() {
    let now = Timestamp::EPOCH;
    let timeout = |length| RestrictionKind::timeout(length, now);
    let two_weeks = Duration::from_secs(14 * 24 * 3600);
    assert!(timeout(Duration::from_millis(999)).is_err());
    assert!(timeout(two_weeks + Duration::from_millis(1)).is_err());
    let longest = timeout(two_weeks).expect("the longest");
    assert!(longest.holds(now + Duration::from_secs(14 * 24 * 3600 - 1)));
    assert!(!longest.holds(now + two_weeks));
    assert!(RestrictionKind::Ban.holds(now + two_weeks));
    assert!(!longest.is_ban());
}

#[test]
fn staff_cannot_be_restricted_and_are_not_slowed() {
    for staff in [Standing::Owner, Standing::Admin] {
        assert_eq!(
            Restriction::require_restrictable(staff, Standing::Owner),
            Err(ChatError::CannotRestrictStaff)
        );
    }
    let moderator = Standing::Moderator;
    assert_eq!(
        Restriction::require_restrictable(moderator, moderator),
        Err(ChatError::CannotRestrictStaff)
    );
    for (subject, by) in [(Standing::Guest, moderator), (moderator, Standing::Owner)] {
        assert_eq!(Restriction::require_restrictable(subject, by), Ok(()));
    }
    let slow = Room {
        settings: ChatSettings {
            slow_mode: SlowMode::new(30).ok(),
            ..ChatSettings::default()
        },
        ..room()
    };
    assert_eq!(slow.quotas(Standing::Viewer, slow.terms()).count(), 2);
    for standing in [Standing::Owner, moderator, Standing::Vip] {
        assert_eq!(
            slow.quotas(standing, slow.terms()).count(),
            1,
            "{standing:?}"
        );
    }
}

#[test]
fn followers_only_asks_for_how_long_one_has_followed() {
    let hour = Duration::from_secs(3600);
    let now = Timestamp::EPOCH + hour * 10;
    let room = Room {
        settings: ChatSettings {
            followers_only: FollowAge::new(hour).ok(),
            ..ChatSettings::default()
        },
        ..room()
    };
    let admit = |standing, follows_since| {
        let restriction = None;
        let speaker = Speaker {
            standing,
            restriction,
            follows_since,
        };
        room.admit(&speaker, now)
    };
    let just_now = Timestamp::EPOCH + hour * 9 + Duration::from_secs(1);
    let long_ago = Timestamp::EPOCH + hour * 9;
    for standing in [Standing::Viewer, Standing::Guest] {
        assert_eq!(admit(standing, None), Err(PostRefused::FollowersOnly));
    }
    let from = just_now + hour;
    assert_eq!(
        admit(Standing::Viewer, Some(just_now)),
        Err(PostRefused::FollowsTooShortly { from })
    );
    assert_eq!(admit(Standing::Viewer, Some(long_ago)), Ok(()));
    for standing in [Standing::Vip, Standing::Moderator, Standing::Owner] {
        assert_eq!(admit(standing, None), Ok(()), "{standing:?}");
    }
}

#[test]
fn where_only_emotes_may_be_sent_text_is_refused() {
    let room = Room {
        settings: ChatSettings {
            emotes_only: true,
            ..ChatSettings::default()
        },
        ..room()
    };
    let say = |standing, text| {
        let text = MessageText::parse(text, 500).expect("a message");
        room.admit_text(standing, &text)
    };
    let hello = "hello :heart:";
    assert_eq!(say(Standing::Viewer, hello), Err(PostRefused::EmotesOnly));
    assert_eq!(say(Standing::Viewer, ":heart: 🎉"), Ok(()));
    assert_eq!(say(Standing::Vip, hello), Ok(()));
}

#[test]
fn roles_are_given_to_those_who_need_one() {
    let appointment = |role| Appointment {
        channel: ChannelId::from_uuid(Uuid::from_u128(1)),
        user: UserId::from_uuid(Uuid::from_u128(2)),
        role,
        name: DisplayName::parse("Bob").expect("a name"),
        at: Timestamp::EPOCH,
    };
    let begin = |role, standing, appointed| {
        let begun = Appointment::begin(appointment(role), standing, appointed);
        begun.map(|decision| !decision.is_unchanged())
    };
    let most = Appointment::MOST;
    let (moderator, vip) = (ChannelRole::Moderator, ChannelRole::Vip);
    assert_eq!(begin(moderator, Standing::Viewer, 0), Ok(true));
    assert_eq!(begin(moderator, Standing::Vip, most), Ok(true));
    assert_eq!(begin(vip, Standing::Vip, most), Ok(false));
    assert_eq!(
        begin(vip, Standing::Viewer, most),
        Err(ChatError::TooManyAppointed { max: most })
    );
    assert_eq!(
        begin(vip, Standing::Owner, 0),
        Err(ChatError::CannotAppointStaff)
    );
    assert_eq!(begin(vip, Standing::Banned, 0), Err(ChatError::IsBanned));
}

#[test]
fn viewers_are_not_told_why_somebody_was_restricted() {
    let line = LineBody::Restricted {
        subject: Identity::User(UserId::from_uuid(Uuid::from_u128(1))),
        name: None,
        kind: RestrictionKind::Ban,
        reason: ModerationReason::parse("a private matter").ok(),
    };
    assert!(format!("{line:?}").contains("private"));
    assert!(!format!("{:?}", line.public()).contains("private"));
}

fn room() -> Room {
    Room::open(ChannelId::from_uuid(Uuid::from_u128(1)))
}
