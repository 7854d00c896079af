//! Media stay on the node that the encoder came to; who asks another is sent there.

use greenroom_app::stream::ingest::Ingests;
use greenroom_app::stream::view::{self, Encoder};
use greenroom_app::stream::{listing, playback};
use greenroom_domain::media::{MediaEvents, PlaybackLease, PlaybackRefused, PlaybackRequest};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::{PageLimit, PageRequest};

use super::Pair;
use crate::support::Platform;

async fn play(it: &Platform, pair: &Pair) -> Result<PlaybackLease, PlaybackRefused> {
    let request = PlaybackRequest {
        handle: pair.channel.handle.clone(),
        grant: None,
    };
    Ingests(it.app.clone()).authorize_playback(request).await
}

#[tokio::test(start_paused = true)]
async fn a_player_is_sent_to_the_node_that_has_the_media() {
    let mut pair = Pair::running().await;
    for node in [&pair.one, &pair.two] {
        play(node, &pair).await.expect("nobody is on air: it may");
    }
    pair.one.publish(&pair.key).await.expect("let in");
    pair.pass(1).await;
    play(&pair.one, &pair).await.expect("it is here");
    let Err(PlaybackRefused::Elsewhere(node)) = play(&pair.two, &pair).await else {
        panic!("it is not here");
    };
    assert_eq!(node, pair.one.address());

    let bob = pair.one.user("bob").await;
    let handle = &pair.channel.handle;
    let here = playback::addresses(&pair.one.app, &bob, handle).await;
    assert_eq!(here.expect("may watch").node, None);
    let there = playback::addresses(&pair.two.app, &bob, handle).await;
    let there = there.expect("may watch");
    assert_eq!(there.node, Some(pair.one.address()));
    // The grant in it holds there.
    let grant = there.addresses[0].path.split('/').nth(3);
    let request = PlaybackRequest {
        handle: handle.clone(),
        grant: grant.and_then(greenroom_domain::media::GrantToken::parse),
    };
    let events = Ingests(pair.one.app.clone());
    let lease = events.authorize_playback(request).await.expect("may watch");
    assert_eq!(Some(lease.viewer), bob.identity());

    pair.kill_one();
    pair.pass(16).await;
    play(&pair.two, &pair).await.expect("as if it were offline");
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_of_a_stream_names_the_node_that_has_it() {
    let pair = Pair::running().await;
    let lease = pair.one.publish(&pair.key).await.expect("let in");
    pair.pass(1).await;
    let picture = Some(pair.one.address().url("/thumbnails/ada.jpg"));
    let shown = view::execute(&pair.two.app, lease.stream).await;
    assert_eq!(shown.expect("there").thumbnail, picture);
    let filter = listing::LiveFilter::default();
    let page = PageRequest::first(PageLimit::default());
    let live = listing::execute(&pair.two.app, &Actor::System, &filter, &page).await;
    assert_eq!(live.expect("listed").items[0].thumbnail, picture);

    let status = async |it: &Platform| {
        let status = view::encoder(&it.app, &pair.owner, lease.stream).await;
        status.expect("hers")
    };
    assert_eq!(status(&pair.two).await, Encoder::Elsewhere);
    assert!(matches!(status(&pair.one).await, Encoder::Here(_)));
    pair.one.media.disconnect(lease.stream);
    assert_eq!(status(&pair.one).await, Encoder::Absent);
    pair.stop().await;
}
