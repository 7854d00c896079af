//! Channels and their keys.

use greenroom_app::Refusal;
use greenroom_app::account::become_creator;
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::channel::view;
use greenroom_app::realtime::{JoinRoom, Start, join_room};
use greenroom_app::stream::{self, create::CreateStream};
use greenroom_domain::access::Denied;
use greenroom_domain::account::AccountError;
use greenroom_domain::channel::{ChannelEdit, KeyError, KeyLabel, KeySecret, MAX_KEYS};
use greenroom_domain::chat::LineBody;
use greenroom_domain::media::PublishRefused;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::store::Version;
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{guest_id, title};
use greenroom_testkit::media::MediaCall;

use crate::support::{Ear, Platform, handle};

#[tokio::test]
async fn a_creator_has_one_channel_and_a_handle_is_ones() {
    let it = Platform::new();
    let command = |name: &str| CreateChannel {
        handle: handle(name),
        title: title("Making things"),
    };
    let ada = it.user("ada").await;
    let early = create::execute(&it.app, &ada, command("ada")).await;
    assert!(matches!(
        early,
        Err(Refusal::Account(AccountError::NotACreator))
    ));
    become_creator::execute(&it.app, &ada)
        .await
        .expect("approved");

    let made = create::execute(&it.app, &ada, command("ada"))
        .await
        .expect("a free handle");
    let seen = view::execute(&it.app, &handle("ada")).await.expect("there");
    assert_eq!(seen.channel, made);
    let second = create::execute(&it.app, &ada, command("ada-too")).await;
    assert!(matches!(second, Err(Refusal::ChannelExists)));

    let bob = it.user("bob").await;
    become_creator::execute(&it.app, &bob)
        .await
        .expect("approved");
    let taken = create::execute(&it.app, &bob, command("ada")).await;
    assert!(matches!(taken, Err(Refusal::HandleTaken)));
    let (one, two) = tokio::join!(
        create::execute(&it.app, &bob, command("bob")),
        create::execute(&it.app, &bob, command("bob-too")),
    );
    assert!(one.is_ok() != two.is_ok(), "one channel, however fast");
}

#[tokio::test]
async fn an_edit_retitles_the_live_stream_and_shows_in_the_room() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let _listening = join_room(&it.app, &ada, join).await.expect("listening");

    let stored = view::execute(&it.app, &channel.handle).await;
    let seen = stored.expect("there").channel.version;
    let command = |seen| EditChannel {
        handle: channel.handle.clone(),
        edit: ChannelEdit {
            title: Some(title("Now baking")),
            ..ChannelEdit::default()
        },
        seen,
    };
    let edited = edit::execute(&it.app, &ada, command(Some(seen)))
        .await
        .expect("the owner may");
    assert_eq!(edited.version, seen.next());
    assert_eq!(it.stream(lease.stream).await.title, title("Now baking"));
    let [line] = &ear.lines()[..] else {
        panic!("one line, not {:?}", ear.lines());
    };
    assert!(
        matches!(&line.body, LineBody::ChannelEdited { title: now, .. } if *now == title("Now baking"))
    );

    let stale = edit::execute(&it.app, &ada, command(Some(Version(999)))).await;
    assert!(matches!(stale, Err(Refusal::Stale)));
    edit::execute(&it.app, &ada, command(None))
        .await
        .expect("again is no change");
    assert_eq!(ear.lines().len(), 1);
    let bob = it.user("bob").await;
    let stranger = edit::execute(&it.app, &bob, command(None)).await;
    assert!(matches!(stranger, Err(Refusal::Denied(Denied::Forbidden))));
}

#[tokio::test]
async fn a_key_is_shown_to_its_owner_alone() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let shown = keys::reveal(&it.app, &ada, key.key.id).await;
    assert_eq!(shown.expect("hers").secret, key.secret);
    assert!(!format!("{key:?}").contains(key.secret.expose()));

    let bob = it.user("bob").await;
    for other in [bob, admin] {
        let hidden = keys::reveal(&it.app, &other, key.key.id).await;
        assert!(matches!(hidden, Err(Refusal::NoSuchKey)), "{other:?}");
        let unlisted = keys::list(&it.app, &other, &channel.handle).await;
        assert!(matches!(unlisted, Err(Refusal::Denied(Denied::Forbidden))));
    }
    let guest = Actor::Guest(guest_id("guest"));
    let nobody = keys::rotate(&it.app, &guest, key.key.id).await;
    assert!(matches!(nobody, Err(Refusal::Denied(Denied::SignInFirst))));
}

#[tokio::test]
async fn rotating_cuts_off_who_publishes_and_the_old_secret_opens_nothing() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.advance(1);

    let rotated = keys::rotate(&it.app, &ada, key.key.id).await.expect("hers");
    assert_eq!(rotated.key.id, key.key.id);
    let cut = MediaCall::CloseIngest(lease.stream, lease.generation);
    assert_eq!(it.media.count(cut), 1);
    it.lose(&lease).await;
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::UnknownKey)
    ));
    let shown = keys::reveal(&it.app, &ada, key.key.id).await;
    assert_eq!(shown.expect("hers").secret, rotated.secret);

    it.advance(1);
    let back = it.publish(&rotated.secret).await.expect("let in");
    assert_eq!(back.stream, lease.stream, "the same stream goes on");
    assert_eq!(back.generation, Generation(2));
}

#[tokio::test]
async fn a_key_that_is_rotated_while_its_encoder_comes_in_lets_nobody_in() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let rotate = keys::rotate(&it.app, &ada, key.key.id);
    let (let_in, rotated) = it.commits.between(it.publish(&key.secret), rotate).await;
    rotated.expect("hers");
    assert!(matches!(let_in, Err(PublishRefused::UnknownKey)));
    assert!(it.live_of(channel.id).await.is_none());
}

#[tokio::test]
async fn revoking_cuts_off_too_and_never_ends() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let other = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.advance(1);
    keys::revoke(&it.app, &ada, other.key.id)
        .await
        .expect("hers");
    let cut = MediaCall::CloseIngest(lease.stream, lease.generation);
    assert_eq!(it.media.count(cut), 0, "that was another key");

    for _ in 0..2 {
        keys::revoke(&it.app, &ada, key.key.id).await.expect("hers");
    }
    assert_eq!(it.media.count(cut), 1);
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::UnknownKey)
    ));
    let late = keys::rotate(&it.app, &ada, key.key.id).await;
    assert!(matches!(late, Err(Refusal::Key(KeyError::Revoked))));
    let hidden = keys::reveal(&it.app, &ada, key.key.id).await;
    assert!(matches!(hidden, Err(Refusal::Key(KeyError::Revoked))));
}

#[tokio::test]
async fn a_channel_has_so_many_keys_and_no_more() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let first = it.key(&ada, &channel, None).await;
    for _ in 1..MAX_KEYS {
        it.key(&ada, &channel, None).await;
    }
    let command = CreateKey {
        handle: channel.handle.clone(),
        label: KeyLabel::parse("One more").expect("a label"),
        bound_to: None,
    };
    let one_more = keys::create(&it.app, &ada, command).await;
    assert!(matches!(
        one_more,
        Err(Refusal::Key(KeyError::TooMany { max: MAX_KEYS }))
    ));
    keys::revoke(&it.app, &ada, first.key.id)
        .await
        .expect("hers");
    it.key(&ada, &channel, None).await;
}

#[tokio::test]
async fn a_key_whose_stream_has_ended_makes_room_for_another() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let plan = CreateStream {
        handle: channel.handle.clone(),
        title: None,
        category: None,
    };
    let planned = stream::create::execute(&it.app, &ada, plan).await;
    let planned = planned.expect("planned").stream.id;
    let bound = it.key(&ada, &channel, Some(planned)).await;
    for _ in 1..MAX_KEYS {
        it.key(&ada, &channel, None).await;
    }
    let one_more = || CreateKey {
        handle: channel.handle.clone(),
        label: KeyLabel::parse("One more").expect("a label"),
        bound_to: None,
    };
    let early = keys::create(&it.app, &ada, one_more()).await;
    assert!(matches!(early, Err(Refusal::Key(KeyError::TooMany { .. }))));

    it.publish(&bound.secret).await.expect("let in");
    stream::end::execute(&it.app, &ada, planned)
        .await
        .expect("hers");
    keys::create(&it.app, &ada, one_more()).await.expect("room");
    let keys = keys::list(&it.app, &ada, &channel.handle).await;
    let keys = keys.expect("hers");
    let active = keys.iter().filter(|key| key.hash().is_some());
    assert_eq!(active.count(), MAX_KEYS);
    let spent = keys.iter().find(|key| key.id == bound.key.id);
    assert!(spent.is_some_and(|key| key.hash().is_none()));
    assert!(matches!(
        it.publish(&bound.secret).await,
        Err(PublishRefused::UnknownKey)
    ));
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_by_its_owner_alone() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let found = keys::find(&it.app, &ada, &key.secret).await.expect("hers");
    assert_eq!(found.id, key.key.id);
    let wrong = KeySecret::generate([7; 32]);
    for (who, secret) in [
        (&it.user("bob").await, &key.secret),
        (&it.admin().await, &key.secret),
        (&ada, &wrong),
    ] {
        let hidden = keys::find(&it.app, who, secret).await;
        assert!(matches!(hidden, Err(Refusal::NoSuchKey)));
    }
}
