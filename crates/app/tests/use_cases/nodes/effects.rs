//! What is decided at one node holds at all, with or without the bus.

use greenroom_app::Refusal;
use greenroom_app::account::sign_in::{self, SignIn};
use greenroom_app::account::{change_password, sign_out};
use greenroom_app::channel::keys;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_app::stream::{end, listing};
use greenroom_domain::chat::PostRefused;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use greenroom_testkit::builders::{guest, guest_id};
use greenroom_testkit::media::MediaCall;

use super::Pair;
use crate::support::{PEER, eventually, password, username};

#[tokio::test(start_paused = true)]
async fn a_ban_shuts_out_of_players_and_rooms_at_every_node() {
    let pair = Pair::running().await;
    pair.two.bus.cut();
    let gus = Actor::Guest(guest_id("gus"));
    let room = pair.channel.id;
    pair.two.say(&gus, room, "hello").await.expect("may");
    let ban = Restrict {
        channel: room,
        subject: guest("gus"),
        timeout: None,
        reason: None,
    };
    restrict::execute(&pair.one.app, &pair.owner, ban)
        .await
        .expect("hers");
    let revoked = MediaCall::RevokePlayback(room, guest("gus"));
    pair.pass(1).await;
    assert!(pair.two.media.count(revoked) > 0, "within a second");
    let refused = pair.two.say(&gus, room, "hello again").await;
    assert!(matches!(refused, Err(Refusal::Post(PostRefused::Banned))));
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_rotated_is_cut_off_where_it_publishes() {
    let pair = Pair::running().await;
    let lease = pair.two.publish(&pair.key).await.expect("let in");
    pair.pass(1).await;
    pair.two.bus.cut();
    let all = keys::list(&pair.one.app, &pair.owner, &pair.channel.handle).await;
    let key = all.expect("hers")[0].id;
    keys::rotate(&pair.one.app, &pair.owner, key)
        .await
        .expect("hers");
    pair.pass(1).await;
    let cut = MediaCall::CloseIngest(lease.stream, lease.generation);
    assert!(pair.two.media.count(cut) > 0);
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_a_node_is_repeated_there() {
    let pair = Pair::running().await;
    let lease = pair.two.publish(&pair.key).await.expect("let in");
    pair.pass(1).await;
    pair.two.media.fail(3);
    end::execute(&pair.one.app, &pair.owner, lease.stream)
        .await
        .expect("hers");
    let ended = MediaCall::End(pair.channel.id, lease.stream);
    eventually(async || pair.two.media.count(ended) == 1).await;
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_air_is_listed_at_the_other_node_at_once() {
    let pair = Pair::running().await;
    let listed = async || {
        let page = PageRequest::first(PageLimit::default());
        let live = listing::execute(
            &pair.two.app,
            &Actor::System,
            &listing::LiveFilter::default(),
            &page,
        )
        .await;
        live.expect("listed").items.len()
    };
    assert_eq!(listed().await, 0);
    pair.one.publish(&pair.key).await.expect("let in");
    // The clock stands still: the old listing would be shown for ever.
    eventually(async || listed().await == 1).await;
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_that_are_ended_are_told_of_at_every_node() {
    let pair = Pair::running().await;
    pair.two.bus.cut();
    let bob = pair.one.user("bob").await;
    let sign_in = async || {
        let credentials = SignIn {
            username: username("bob"),
            password: password("correct horse"),
            peer: PEER,
        };
        let signed_in = sign_in::execute(&pair.one.app, credentials).await;
        signed_in.expect("the right password")
    };
    let (one, two) = (sign_in().await, sign_in().await);
    let mut ended = pair.two.app.ended_sessions();
    sign_out::execute(&pair.one.app, &one.token)
        .await
        .expect("out");
    assert_eq!(ended.recv().await, Ok(one.session.id));
    let (old, new) = (password("correct horse"), password("battery staple"));
    change_password::execute(&pair.one.app, &bob, old, new)
        .await
        .expect("the right password");
    assert_eq!(ended.recv().await, Ok(two.session.id));
    pair.stop().await;
}
