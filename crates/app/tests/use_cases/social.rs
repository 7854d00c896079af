//! Following and blocking, and what comes first for somebody.

use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::channel::view;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::{appoint, configure};
use greenroom_app::realtime::{JoinRoom, Start, join_room};
use greenroom_app::social::list::Follower;
use greenroom_app::social::{block, follow, list};
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::stream::listing::{self, LiveFilter};
use greenroom_app::stream::taste::LiveOrder;
use greenroom_domain::access::Denied;
use greenroom_domain::channel::{Channel, ChannelEdit};
use greenroom_domain::chat::{ChannelRole, ChatSettings, FollowAge, PostRefused};
use greenroom_domain::media::{MediaEvent, MediaEvents};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::page::{Cursor, Page, PageLimit, PageRequest};
use greenroom_domain::social::{Notify, SocialError};
use greenroom_testkit::builders::{category, guest, guest_id};
use greenroom_testkit::media::MediaCall;

use crate::support::{Ear, Platform, now};

async fn follows(it: &Platform, who: &Actor, channel: &Channel) -> u64 {
    let following = follow::execute(&it.app, who, &channel.handle, Notify::Live).await;
    following.expect("may follow").followers
}

fn id(who: &Actor) -> UserId {
    who.user().expect("a user")
}

async fn followers(it: &Platform, channel: &Channel, after: Option<Cursor>) -> Page<Follower> {
    let limit = PageLimit::new(2).expect("in range");
    let page = PageRequest { after, limit };
    let page = list::followers(&it.app, &channel.handle, &page).await;
    page.expect("for everybody")
}

fn names(page: &Page<Follower>) -> Vec<&str> {
    page.items
        .iter()
        .map(|it| it.user.username.as_str())
        .collect()
}

#[tokio::test]
async fn to_follow_counts_once_and_may_end() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    for _ in 0..2 {
        assert_eq!(follows(&it, &bob, &channel).await, 1);
        it.advance(1);
    }
    let current = follow::current(&it.app, &bob, &channel.handle).await;
    let begun = current.expect("known").follow.expect("he does").at;
    let quiet = follow::execute(&it.app, &bob, &channel.handle, Notify::Nothing).await;
    let quiet = quiet.expect("may").follow.expect("he does");
    assert_eq!((quiet.notify, quiet.at), (Notify::Nothing, begun));

    let zoe = it.user("zoe").await;
    let eve = it.user("eve").await;
    assert_eq!(follows(&it, &zoe, &channel).await, 2);
    it.advance(1);
    assert_eq!(follows(&it, &eve, &channel).await, 3);
    let first = followers(&it, &channel, None).await;
    assert_eq!(names(&first), ["eve", "zoe"], "the newest first");
    let rest = followers(&it, &channel, first.next.clone()).await;
    assert_eq!((names(&rest), &rest.next), (vec!["bob"], &None));
    let following = list::following(&it.app, &bob, &PageRequest::first(PageLimit::MAX)).await;
    let following = following.expect("his own").items;
    assert_eq!(following.len(), 1);
    assert_eq!(following[0].channel.id, channel.id);
    assert_eq!(following[0].owner.id, id(&ada));
    let seen = view::execute(&it.app, &channel.handle).await;
    assert_eq!(seen.expect("there").followers, 3);

    for _ in 0..2 {
        let ended = follow::end(&it.app, &bob, &channel.handle).await;
        let ended = ended.expect("again is no change");
        assert_eq!((ended.follow, ended.followers), (None, 2));
    }
}

#[tokio::test]
async fn guests_and_owners_do_not_follow() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let own = follow::execute(&it.app, &ada, &channel.handle, Notify::Live).await;
    assert!(matches!(own, Err(Refusal::Social(SocialError::OwnChannel))));
    let gus = Actor::Guest(guest_id("gus"));
    let guests = follow::execute(&it.app, &gus, &channel.handle, Notify::Live).await;
    assert!(matches!(guests, Err(Refusal::Denied(Denied::SignInFirst))));
    let current = follow::current(&it.app, &gus, &channel.handle).await;
    assert_eq!(current.expect("known").follow, None);
}

#[tokio::test]
async fn who_is_blocked_is_out_at_once_and_nothing_in_the_channel_any_more() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let eve = it.user("eve").await;
    for who in [&bob, &eve] {
        follows(&it, who, &channel).await;
    }
    appoint::execute(&it.app, &ada, channel.id, id(&bob), ChannelRole::Moderator)
        .await
        .expect("hers");
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let _listening = join_room(&it.app, &bob, join).await.expect("may");

    let who = bob.identity().expect("a person");
    for _ in 0..2 {
        let blocked = block::execute(&it.app, &ada, id(&bob)).await;
        assert_eq!(blocked.expect("again is no change").blocked, id(&bob));
    }
    assert_eq!(ear.shut_out(), [who]);
    assert_eq!(
        it.media.calls(),
        [MediaCall::RevokePlayback(channel.id, who)]
    );
    let said = it.say(&bob, channel.id, "but").await;
    assert!(matches!(said, Err(Refusal::Post(PostRefused::Banned))));
    let limit = PageLimit::default();
    let read = history::execute(&it.app, &bob, &channel.handle, Part::Newest, limit).await;
    assert!(matches!(read, Err(Refusal::Denied(Denied::Forbidden))));
    let again = follow::execute(&it.app, &bob, &channel.handle, Notify::Live).await;
    assert!(matches!(again, Err(Refusal::Denied(Denied::Forbidden))));
    let left = follow::current(&it.app, &bob, &channel.handle).await;
    let left = left.expect("known");
    assert_eq!((left.follow, left.followers), (None, 1));
    let roles = appoint::list(&it.app, &ada, channel.id).await;
    assert_eq!(roles.expect("may"), []);
    let role = appoint::execute(&it.app, &ada, channel.id, id(&bob), ChannelRole::Vip).await;
    assert!(matches!(role, Err(Refusal::Chat(_))), "{role:?}");
    let blocked = list::blocked(&it.app, &ada, None, 10).await.expect("hers");
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].user.id, id(&bob));

    for _ in 0..2 {
        let ended = block::end(&it.app, &ada, id(&bob)).await;
        ended.expect("again is no change");
    }
    it.say(&bob, channel.id, "thanks").await.expect("may again");
    assert_eq!(follows(&it, &bob, &channel).await, 2);
    let roles = appoint::list(&it.app, &ada, channel.id).await;
    assert_eq!(roles.expect("may"), [], "that is not given back");
}

#[tokio::test]
async fn to_block_is_between_people_with_accounts() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let gus = Actor::Guest(guest_id("gus"));
    let oneself = block::execute(&it.app, &bob, id(&bob)).await;
    assert!(matches!(
        oneself,
        Err(Refusal::Social(SocialError::Oneself))
    ));
    let guests = block::execute(&it.app, &gus, id(&bob)).await;
    assert!(matches!(guests, Err(Refusal::Denied(Denied::SignInFirst))));
    let nobody = UserId::from_uuid(channel.id.uuid());
    let unknown = block::execute(&it.app, &ada, nobody).await;
    assert!(matches!(unknown, Err(Refusal::NoSuchUser)));
    // Who has no channel blocks ahead, for the one that they may have later.
    block::execute(&it.app, &bob, id(&ada)).await.expect("may");
    it.say(&ada, channel.id, "hers all the same")
        .await
        .expect("hers");
    let admin = it.admin().await;
    block::execute(&it.app, &ada, id(&admin))
        .await
        .expect("may");
    it.say(&admin, channel.id, "in charge").await.expect("may");
}

#[tokio::test]
async fn a_message_that_was_checked_before_a_block_does_not_overtake_it() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let said = it.say(&bob, channel.id, "hello");
    let blocked = block::execute(&it.app, &ada, id(&bob));
    let (said, blocked) = it.commits.between(said, blocked).await;
    blocked.expect("may");
    assert!(matches!(said, Err(Refusal::Post(PostRefused::Banned))));
}

#[tokio::test]
async fn a_room_may_be_for_followers_of_some_time() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let age = FollowAge::new(Duration::from_secs(600)).expect("in range");
    let settings = ChatSettings {
        followers_only: Some(age),
        ..ChatSettings::default()
    };
    configure::execute(&it.app, &ada, &channel.handle, settings, None)
        .await
        .expect("hers");
    let bob = it.user("bob").await;
    let vip = it.user("vip").await;
    appoint::execute(&it.app, &ada, channel.id, id(&vip), ChannelRole::Vip)
        .await
        .expect("hers");
    let gus = Actor::Guest(guest_id("gus"));
    for who in [&bob, &gus] {
        let said = it.say(who, channel.id, "hello").await;
        assert!(matches!(
            said,
            Err(Refusal::Post(PostRefused::FollowersOnly))
        ));
    }
    for who in [&ada, &vip] {
        it.say(who, channel.id, "hello").await.expect("may always");
    }
    let from = now(&it) + Duration::from_secs(600);
    follows(&it, &bob, &channel).await;
    it.advance(599);
    let said = it.say(&bob, channel.id, "hello").await;
    assert!(matches!(
        said,
        Err(Refusal::Post(PostRefused::FollowsTooShortly { from: at })) if at == from
    ));
    it.advance(1);
    it.say(&bob, channel.id, "hello")
        .await
        .expect("long enough");
    follow::end(&it.app, &bob, &channel.handle)
        .await
        .expect("may");
    follows(&it, &bob, &channel).await;
    let said = it.say(&bob, channel.id, "hello").await;
    assert!(matches!(
        said,
        Err(Refusal::Post(PostRefused::FollowsTooShortly { .. }))
    ));
}

/// Channels on air, each with so many viewers.
async fn on_air(it: &Platform, channels: &[(&str, u64)]) -> Vec<Channel> {
    let mut made = Vec::new();
    for (name, viewers) in channels {
        let (owner, channel) = it.creator(name).await;
        let key = it.key(&owner, &channel, None).await;
        it.publish(&key.secret).await.expect("let in");
        let viewers = (0..*viewers).map(|n| guest(&format!("{name} {n}")));
        let event = MediaEvent::Watched {
            channel: channel.id,
            viewers: viewers.collect(),
        };
        Ingests(it.app.clone()).report(event).await.expect("taken");
        made.push(channel);
    }
    made
}

async fn listed(it: &Platform, who: &Actor, order: LiveOrder) -> Vec<String> {
    let filter = LiveFilter {
        order,
        ..LiveFilter::default()
    };
    let mut after = None;
    let mut listed = Vec::new();
    loop {
        let limit = PageLimit::new(2).expect("in range");
        let page = PageRequest { after, limit };
        let page = listing::execute(&it.app, who, &filter, &page).await;
        let page = page.expect("listed");
        listed.extend(page.items.iter().map(|it| it.channel.handle.to_string()));
        after = page.next;
        if after.is_none() {
            return listed;
        }
    }
}

#[tokio::test]
async fn what_one_follows_comes_first() {
    let it = Platform::new();
    let channels = on_air(&it, &[("ada", 3), ("cleo", 2), ("dora", 1), ("enid", 0)]).await;
    let bob = it.user("bob").await;
    for channel in [&channels[1], &channels[3]] {
        follows(&it, &bob, channel).await;
    }
    it.advance(3);
    let gus = Actor::Guest(guest_id("gus"));
    let by_viewers = ["ada", "cleo", "dora", "enid"];
    assert_eq!(listed(&it, &bob, LiveOrder::Viewers).await, by_viewers);
    assert_eq!(
        listed(&it, &bob, LiveOrder::FollowedFirst).await,
        ["cleo", "enid", "ada", "dora"]
    );
    assert_eq!(
        listed(&it, &bob, LiveOrder::FollowedOnly).await,
        ["cleo", "enid"]
    );
    assert_eq!(
        listed(&it, &gus, LiveOrder::FollowedFirst).await,
        by_viewers
    );
    let filter = LiveFilter {
        order: LiveOrder::FollowedOnly,
        ..LiveFilter::default()
    };
    let page = PageRequest::first(PageLimit::MAX);
    let guests = listing::execute(&it.app, &gus, &filter, &page).await;
    assert!(matches!(guests, Err(Refusal::Denied(Denied::SignInFirst))));
}

#[tokio::test]
async fn what_is_like_what_one_follows_is_recommended() {
    let it = Platform::new();
    let channels = on_air(&it, &[("ada", 3), ("cleo", 2), ("dora", 1)]).await;
    for (channel, is) in channels.iter().zip(["Cooking", "Chess", "chess"]) {
        let edited = EditChannel {
            handle: channel.handle.clone(),
            edit: ChannelEdit {
                category: Some(Some(category(is))),
                ..ChannelEdit::default()
            },
            seen: None,
        };
        edit::execute(&it.app, &Actor::Operator, edited)
            .await
            .expect("may");
    }
    let (_, quiet) = it.creator("enid").await;
    let edited = EditChannel {
        handle: quiet.handle.clone(),
        edit: ChannelEdit {
            category: Some(Some(category("Chess"))),
            ..ChannelEdit::default()
        },
        seen: None,
    };
    edit::execute(&it.app, &Actor::Operator, edited)
        .await
        .expect("may");
    let bob = it.user("bob").await;
    it.advance(3);
    assert_eq!(
        listed(&it, &bob, LiveOrder::Recommended).await,
        ["ada", "cleo", "dora"],
        "nothing is known of him"
    );
    follows(&it, &bob, &quiet).await;
    it.advance(3);
    assert_eq!(
        listed(&it, &bob, LiveOrder::Recommended).await,
        ["cleo", "dora", "ada"]
    );
}
