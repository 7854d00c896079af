//! Timeouts and bans.

use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ChatError, Lift, LineBody, ModerationReason, PostRefused};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::page::PageLimit;
use greenroom_testkit::builders::{guest, guest_id};

use crate::support::{Platform, now};

fn command(channel: &Channel, subject: Identity, timeout: Option<u64>) -> Restrict {
    Restrict {
        channel: channel.id,
        subject,
        timeout: timeout.map(Duration::from_secs),
        reason: Some(ModerationReason::parse("spam").expect("a reason")),
    }
}

#[tokio::test]
async fn a_timeout_passes_and_a_ban_stays_until_it_is_lifted() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let gus = Actor::Guest(guest_id("gus"));
    it.say(&gus, channel.id, "hello").await.expect("may chat");

    let until = now(&it) + Duration::from_secs(60);
    restrict::execute(&it.app, &ada, command(&channel, guest("gus"), Some(60)))
        .await
        .expect("hers");
    let refused = it.say(&gus, channel.id, "hello").await;
    assert!(
        matches!(refused, Err(Refusal::Post(PostRefused::TimedOut { until: at })) if at == until)
    );
    it.advance(60);
    it.say(&gus, channel.id, "hello").await.expect("it is over");

    restrict::execute(&it.app, &ada, command(&channel, guest("gus"), None))
        .await
        .expect("hers");
    it.advance(3600);
    let refused = it.say(&gus, channel.id, "hello").await;
    assert!(matches!(refused, Err(Refusal::Post(PostRefused::Banned))));
    let listed = restrict::list(&it.app, &ada, channel.id, None, 10).await;
    let held: Vec<_> = listed
        .expect("hers")
        .into_iter()
        .map(|it| it.subject)
        .collect();
    assert_eq!(held, [guest("gus")]);

    // A mute neither weakens a ban nor ends it.
    let mute = restrict::execute(&it.app, &ada, command(&channel, guest("gus"), Some(60))).await;
    let unmute = restrict::lift(&it.app, &ada, channel.id, guest("gus"), Lift::Timeout).await;
    assert!(matches!(mute, Err(Refusal::Chat(ChatError::IsBanned))));
    assert!(matches!(unmute, Err(Refusal::Chat(ChatError::IsBanned))));

    for _ in 0..2 {
        restrict::lift(&it.app, &ada, channel.id, guest("gus"), Lift::Whatever)
            .await
            .expect("hers; again is no change");
    }
    it.say(&gus, channel.id, "hello").await.expect("may again");
}

#[tokio::test]
async fn a_ban_on_another_node_holds_here() {
    let it = Platform::new();
    let other = it.another("two");
    let (ada, channel) = it.creator("ada").await;
    let gus = Actor::Guest(guest_id("gus"));
    it.say(&gus, channel.id, "hello").await.expect("may chat");
    restrict::execute(&other.app, &ada, command(&channel, guest("gus"), None))
        .await
        .expect("hers");
    let refused = it.say(&gus, channel.id, "hello").await;
    assert!(matches!(refused, Err(Refusal::Post(PostRefused::Banned))));
}

#[tokio::test]
async fn staff_cannot_be_restricted_and_viewers_restrict_nobody() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    for staff in [&ada, &admin] {
        let who = staff.identity().expect("a person");
        let refused = restrict::execute(&it.app, &admin, command(&channel, who, None)).await;
        assert!(matches!(
            refused,
            Err(Refusal::Chat(ChatError::CannotRestrictStaff))
        ));
    }
    let refused = restrict::execute(&it.app, &bob, command(&channel, guest("gus"), None)).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
    for seconds in [0, 14 * 24 * 3600 + 1] {
        let odd = command(&channel, guest("gus"), Some(seconds));
        let refused = restrict::execute(&it.app, &ada, odd).await;
        assert!(matches!(
            refused,
            Err(Refusal::Chat(ChatError::TimeoutOutOfRange { .. }))
        ));
    }
}

#[tokio::test]
async fn the_reason_is_for_staff() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    restrict::execute(&it.app, &ada, command(&channel, guest("gus"), None))
        .await
        .expect("hers");
    for (who, sees) in [(&ada, true), (&bob, false)] {
        let limit = PageLimit::default();
        let seen = history::execute(&it.app, who, &channel.handle, Part::Newest, limit).await;
        let seen = seen.expect("may read");
        let [line] = &seen.lines[..] else {
            panic!("{:?}", seen.lines);
        };
        assert!(
            matches!(&line.body, LineBody::Restricted { reason, .. } if reason.is_some() == sees)
        );
    }
    let gus = Actor::Guest(guest_id("gus"));
    let limit = PageLimit::default();
    let seen = history::execute(&it.app, &gus, &channel.handle, Part::Newest, limit).await;
    assert!(matches!(seen, Err(Refusal::Denied(Denied::Forbidden))));
}

#[tokio::test]
async fn a_ban_is_not_overtaken_by_a_message_that_was_checked_before() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let gus = Actor::Guest(guest_id("gus"));
    let ban = restrict::execute(&it.app, &ada, command(&channel, guest("gus"), None));
    let said = it.say(&gus, channel.id, "hello");
    let (said, banned) = it.commits.between(said, ban).await;
    banned.expect("hers");
    assert!(matches!(said, Err(Refusal::Post(PostRefused::Banned))));
}
