//! Moderators and VIPs.

use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_app::chat::{appoint, configure, delete, pin};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{
    Appointment, Badge, ChannelRole, ChatError, ChatSettings, LineBody, PostRefused, SlowMode,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::UserId;

use crate::support::Platform;

fn id(who: &Actor) -> UserId {
    who.user().expect("a user")
}

async fn appointed(
    it: &Platform,
    by: &Actor,
    channel: &Channel,
    who: &Actor,
    role: ChannelRole,
) -> Result<Appointment, Refusal> {
    appoint::execute(&it.app, by, channel.id, id(who), role).await
}

async fn badges(it: &Platform, who: &Actor, channel: &Channel) -> Vec<Badge> {
    let posted = it.say(who, channel.id, "hello").await.expect("may");
    match posted.line.body {
        LineBody::Message(message) => message.author.badges,
        other => panic!("{other:?}"),
    }
}

async fn ban(it: &Platform, by: &Actor, channel: &Channel, who: &Actor) -> Result<(), Refusal> {
    let command = Restrict {
        channel: channel.id,
        subject: who.identity().expect("a person"),
        timeout: None,
        reason: None,
    };
    restrict::execute(&it.app, by, command).await.map(drop)
}

#[tokio::test]
async fn the_owner_makes_moderators_and_takes_it_back() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let [bob, eve] = [it.user("bob").await, it.user("eve").await];
    assert_eq!(badges(&it, &bob, &channel).await, []);
    for _ in 0..2 {
        appointed(&it, &ada, &channel, &bob, ChannelRole::Moderator)
            .await
            .expect("again is no change");
    }
    assert_eq!(badges(&it, &bob, &channel).await, [Badge::Moderator]);
    appointed(&it, &admin, &channel, &eve, ChannelRole::Vip)
        .await
        .expect("administrators may");
    assert_eq!(badges(&it, &eve, &channel).await, [Badge::Vip]);
    let listed = appoint::list(&it.app, &eve, channel.id).await;
    let mut listed: Vec<_> = listed
        .expect("for everybody")
        .iter()
        .map(|it| (it.name.to_string(), it.role))
        .collect();
    listed.sort_by(|one, two| one.0.cmp(&two.0));
    assert_eq!(
        listed,
        [
            ("bob".to_owned(), ChannelRole::Moderator),
            ("eve".to_owned(), ChannelRole::Vip)
        ]
    );

    // Another role takes the place of the one before.
    appointed(&it, &ada, &channel, &bob, ChannelRole::Vip)
        .await
        .expect("hers");
    assert_eq!(badges(&it, &bob, &channel).await, [Badge::Vip]);
    let not_his = Some(ChannelRole::Moderator);
    for role in [not_his, Some(ChannelRole::Vip), None] {
        let ended = appoint::end(&it.app, &ada, channel.id, id(&bob), role).await;
        ended.expect("hers");
        let is_it_still = role == not_his;
        assert_eq!(
            badges(&it, &bob, &channel).await.len(),
            usize::from(is_it_still)
        );
    }
}

#[tokio::test]
async fn who_may_appoint_and_who_may_be_appointed() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let [bob, eve] = [it.user("bob").await, it.user("eve").await];
    appointed(&it, &ada, &channel, &bob, ChannelRole::Moderator)
        .await
        .expect("hers");
    for stranger in [&bob, &eve] {
        let refused = appointed(&it, stranger, &channel, &eve, ChannelRole::Vip).await;
        assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
    }
    for staff in [&ada, &admin] {
        let refused = appointed(&it, &ada, &channel, staff, ChannelRole::Vip).await;
        assert!(matches!(
            refused,
            Err(Refusal::Chat(ChatError::CannotAppointStaff))
        ));
    }
    ban(&it, &ada, &channel, &eve).await.expect("hers");
    let refused = appointed(&it, &ada, &channel, &eve, ChannelRole::Vip).await;
    assert!(matches!(refused, Err(Refusal::Chat(ChatError::IsBanned))));
    let nobody = UserId::from_uuid(channel.id.uuid());
    let refused = appoint::execute(&it.app, &ada, channel.id, nobody, ChannelRole::Vip).await;
    assert!(matches!(refused, Err(Refusal::NoSuchUser)));

    // Others' roles are not taken away; one's own is given back.
    let refused = appoint::end(&it.app, &eve, channel.id, id(&bob), None).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
    appoint::end(&it.app, &bob, channel.id, id(&bob), None)
        .await
        .expect("his own");
    let listed = appoint::list(&it.app, &ada, channel.id).await;
    assert_eq!(listed.expect("may"), []);
}

#[tokio::test]
async fn moderators_keep_order_but_not_among_themselves() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let [bob, zoe, eve] = [
        it.user("bob").await,
        it.user("zoe").await,
        it.user("eve").await,
    ];
    for who in [&bob, &zoe] {
        appointed(&it, &ada, &channel, who, ChannelRole::Moderator)
            .await
            .expect("hers");
    }
    let said = it.say(&eve, channel.id, "spam").await.expect("may");
    let kept = it.say(&ada, channel.id, "rules").await.expect("hers");
    delete::execute(&it.app, &bob, channel.id, said.line.place.seq)
        .await
        .expect("staff");
    pin::execute(&it.app, &bob, channel.id, kept.line.place.seq)
        .await
        .expect("staff");
    ban(&it, &bob, &channel, &eve).await.expect("staff");
    for who in [&zoe, &ada] {
        let refused = ban(&it, &bob, &channel, who).await;
        assert!(matches!(
            refused,
            Err(Refusal::Chat(ChatError::CannotRestrictStaff))
        ));
    }
    let settings = ChatSettings::default();
    let refused = configure::execute(&it.app, &bob, &channel.handle, settings, None).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));

    ban(&it, &ada, &channel, &zoe).await.expect("the owner may");
    let listed = appoint::list(&it.app, &ada, channel.id).await;
    let listed: Vec<_> = listed.expect("may").iter().map(|it| it.user).collect();
    assert_eq!(listed, [id(&bob)], "a ban ends it");
    let refused = delete::execute(&it.app, &zoe, channel.id, kept.line.place.seq).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
}

#[tokio::test]
async fn the_rules_of_the_chat_do_not_hold_those_who_are_somebody() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let [moderator, vip, bob] = [
        it.user("moe").await,
        it.user("vip").await,
        it.user("bob").await,
    ];
    let roles = [
        (&moderator, ChannelRole::Moderator),
        (&vip, ChannelRole::Vip),
    ];
    for (who, role) in roles {
        appointed(&it, &ada, &channel, who, role)
            .await
            .expect("hers");
    }
    let slow = ChatSettings {
        slow_mode: Some(SlowMode::new(60).expect("in range")),
        emotes_only: true,
        ..ChatSettings::default()
    };
    configure::execute(&it.app, &ada, &channel.handle, slow, None)
        .await
        .expect("hers");
    for who in [&moderator, &vip] {
        for _ in 0..2 {
            it.say(who, channel.id, "words").await.expect("may");
        }
    }
    let refused = it.say(&bob, channel.id, "words").await;
    assert!(matches!(
        refused,
        Err(Refusal::Post(PostRefused::EmotesOnly))
    ));
    it.say(&bob, channel.id, ":tada: 🎉").await.expect("emotes");
    let refused = it.say(&bob, channel.id, ":tada:").await;
    let Err(Refusal::TooMany { retry_after }) = refused else {
        panic!("{refused:?}");
    };
    assert!(retry_after <= Duration::from_secs(60));

    let closed = ChatSettings {
        enabled: false,
        ..ChatSettings::default()
    };
    configure::execute(&it.app, &ada, &channel.handle, closed, None)
        .await
        .expect("hers");
    it.say(&moderator, channel.id, "words").await.expect("may");
    let refused = it.say(&vip, channel.id, "words").await;
    assert!(matches!(refused, Err(Refusal::Post(PostRefused::Disabled))));
}
