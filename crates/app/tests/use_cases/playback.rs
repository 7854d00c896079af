//! Playback grants.

use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::stream::playback;
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::Lift;
use greenroom_domain::media::{
    GrantToken, MediaEvents, PlaybackLease, PlaybackRefused, PlaybackRequest,
};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_testkit::media::MediaCall;

use crate::support::{Platform, handle, now};

async fn play(
    it: &Platform,
    channel: &Channel,
    grant: Option<GrantToken>,
) -> Result<PlaybackLease, PlaybackRefused> {
    let request = PlaybackRequest {
        handle: channel.handle.clone(),
        grant,
    };
    Ingests(it.app.clone()).authorize_playback(request).await
}

/// The grant in the addresses that somebody is given.
async fn grant(it: &Platform, actor: &Actor, channel: &Channel) -> GrantToken {
    let addresses = playback::addresses(&it.app, actor, &channel.handle)
        .await
        .expect("may watch")
        .addresses;
    let token = addresses[0].path.split('/').nth(3).expect("a grant");
    GrantToken::parse(token).expect("a grant's text")
}

#[tokio::test]
async fn a_player_without_a_grant_is_a_guest_from_then_on() {
    let it = Platform::new();
    let (_, channel) = it.creator("ada").await;
    let first = play(&it, &channel, None).await.expect("may watch");
    assert!(matches!(first.viewer, Identity::Guest(_)));
    assert_eq!(first.channel, channel.id);
    assert!(first.expires_at > now(&it));
    let again = play(&it, &channel, Some(first.grant.clone())).await;
    assert_eq!(again.expect("may watch"), first);
    let other = play(&it, &channel, None).await.expect("may watch");
    assert_ne!(other.viewer, first.viewer);
}

#[tokio::test]
async fn the_player_of_somebody_signed_in_counts_as_them() {
    let it = Platform::new();
    let (_, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let token = grant(&it, &bob, &channel).await;
    let lease = play(&it, &channel, Some(token)).await.expect("may watch");
    assert_eq!(Some(lease.viewer), bob.identity());
}

#[tokio::test]
async fn a_grant_is_for_its_channel_and_its_day_and_nobody_makes_one_up() {
    let it = Platform::new();
    let (_, channel) = it.creator("ada").await;
    let (_, other) = it.creator("eve").await;
    let bob = it.user("bob").await;
    let token = grant(&it, &bob, &channel).await;
    let elsewhere = play(&it, &other, Some(token.clone())).await;
    assert!(matches!(elsewhere, Err(PlaybackRefused::BadGrant)));

    for at in 0..token.expose().len() {
        let mut forged: Vec<u8> = token.expose().bytes().collect();
        forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
        let forged = String::from_utf8(forged).expect("digits");
        let forged = GrantToken::parse(&forged).expect("still a grant's text");
        let refused = play(&it, &channel, Some(forged)).await;
        assert!(matches!(refused, Err(PlaybackRefused::BadGrant)), "{at}");
    }
    for text in ["x", "0", &"f".repeat(106), &"-".repeat(128)] {
        if let Some(token) = GrantToken::parse(text) {
            let refused = play(&it, &channel, Some(token)).await;
            assert!(matches!(refused, Err(PlaybackRefused::BadGrant)), "{text}");
        }
    }

    it.advance(24 * 3600 - 1);
    play(&it, &channel, Some(token.clone()))
        .await
        .expect("still good");
    it.advance(1);
    let late = play(&it, &channel, Some(token)).await;
    assert!(matches!(late, Err(PlaybackRefused::BadGrant)));
}

#[tokio::test]
async fn there_is_no_playing_what_is_not_there() {
    let it = Platform::new();
    let request = PlaybackRequest {
        handle: handle("nobody"),
        grant: None,
    };
    let refused = Ingests(it.app.clone()).authorize_playback(request).await;
    assert!(matches!(refused, Err(PlaybackRefused::NoSuchChannel)));
}

#[tokio::test]
async fn a_ban_reaches_the_player_and_lifting_it_too() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let who = bob.identity().expect("a person");
    let token = grant(&it, &bob, &channel).await;
    play(&it, &channel, Some(token.clone()))
        .await
        .expect("may watch");

    let command = |timeout| Restrict {
        channel: channel.id,
        subject: who,
        timeout,
        reason: None,
    };
    let minute = std::time::Duration::from_secs(60);
    restrict::execute(&it.app, &ada, command(Some(minute)))
        .await
        .expect("hers");
    assert!(it.media.calls().is_empty(), "muted is not banned");
    play(&it, &channel, Some(token.clone()))
        .await
        .expect("may go on watching");

    restrict::execute(&it.app, &ada, command(None))
        .await
        .expect("hers");
    let call = MediaCall::RevokePlayback(channel.id, who);
    assert_eq!(it.media.calls(), [call]);
    let refused = play(&it, &channel, Some(token.clone())).await;
    assert!(matches!(refused, Err(PlaybackRefused::Forbidden)));
    let refused = playback::addresses(&it.app, &bob, &channel.handle).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));

    restrict::lift(&it.app, &ada, channel.id, who, Lift::Whatever)
        .await
        .expect("hers");
    play(&it, &channel, Some(token)).await.expect("may again");
}
