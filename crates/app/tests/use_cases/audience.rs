//! Who counts as a viewer, and how often.

use greenroom_app::Refusal;
use greenroom_app::realtime::{JoinRoom, Shown, Start, join_room};
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::stream::{audience, end, join, view};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::Ephemeral;
use greenroom_domain::media::{IngestLease, MediaEvent, MediaEvents};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::stream::StreamError;
use greenroom_testkit::builders::{connection_id, guest, guest_id};

use crate::support::{Ear, Platform};

async fn on_air() -> (Platform, Actor, Channel, IngestLease) {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    (it, ada, channel, lease)
}

async fn watched(it: &Platform, channel: &Channel, viewers: &[Identity]) {
    let event = MediaEvent::Watched {
        channel: channel.id,
        viewers: viewers.to_vec(),
    };
    Ingests(it.app.clone()).report(event).await.expect("taken");
}

/// Viewers now, views and peak.
async fn counted(it: &Platform, lease: &IngestLease) -> (u64, u64, u64) {
    audience::count(&it.app).await.expect("counted");
    let view = view::execute(&it.app, lease.stream).await.expect("there");
    (view.viewers, view.counts.views, view.counts.peak)
}

#[tokio::test]
async fn somebody_counts_once_however_many_sockets_and_players() {
    let (it, _, channel, lease) = on_air().await;
    let bob = it.user("bob").await;
    let who = bob.identity().expect("a person");
    let (one, two) = (connection_id("one"), connection_id("two"));
    for connection in [one, two, one] {
        join::execute(&it.app, &bob, lease.stream, connection)
            .await
            .expect("may watch");
    }
    watched(&it, &channel, &[who, guest("gus")]).await;
    assert_eq!(counted(&it, &lease).await, (2, 2, 2));

    join::leave(&it.app, lease.stream, who, one)
        .await
        .expect("left");
    assert_eq!(counted(&it, &lease).await, (2, 2, 2));
    join::leave(&it.app, lease.stream, who, two)
        .await
        .expect("left");
    join::leave(&it.app, lease.stream, who, two)
        .await
        .expect("again is no change");
    it.advance(14);
    assert_eq!(counted(&it, &lease).await, (2, 2, 2), "their player asks");
    it.advance(1);
    assert_eq!(counted(&it, &lease).await, (0, 2, 2));

    watched(&it, &channel, &[who]).await;
    assert_eq!(counted(&it, &lease).await, (1, 3, 2), "they came again");
}

#[tokio::test]
async fn a_socket_that_is_not_renewed_is_gone() {
    let (it, _, channel, lease) = on_air().await;
    let gus = Actor::Guest(guest_id("gus"));
    let connection = connection_id("one");
    join::execute(&it.app, &gus, lease.stream, connection)
        .await
        .expect("may watch");
    it.advance(70);
    let who = guest("gus");
    join::renew(&it.app, lease.stream, channel.owner, who, connection)
        .await
        .expect("renewed");
    it.advance(74);
    assert_eq!(counted(&it, &lease).await.0, 1);
    it.advance(1);
    assert_eq!(counted(&it, &lease).await.0, 0);
}

#[tokio::test]
async fn a_creator_is_not_their_own_audience() {
    let (it, ada, channel, lease) = on_air().await;
    join::execute(&it.app, &ada, lease.stream, connection_id("one"))
        .await
        .expect("may watch");
    watched(&it, &channel, &[ada.identity().expect("a person")]).await;
    assert_eq!(counted(&it, &lease).await, (0, 0, 0));
}

#[tokio::test]
async fn the_whole_audience_is_one_commit_and_the_room_is_shown_it() {
    let (it, ada, channel, lease) = on_air().await;
    let (bob, bobs) = it.creator("bob").await;
    let key = it.key(&bob, &bobs, None).await;
    it.publish(&key.secret).await.expect("let in");
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let _listening = join_room(&it.app, &ada, join).await.expect("listening");

    let crowd: Vec<Identity> = (0..250).map(|n| guest(&format!("guest {n}"))).collect();
    watched(&it, &channel, &crowd).await;
    watched(&it, &bobs, &crowd).await;
    let asked = it.commits.asked();
    assert_eq!(counted(&it, &lease).await, (250, 250, 250));
    assert_eq!(it.commits.asked(), asked + 1);
    assert_eq!(counted(&it, &lease).await, (250, 250, 250));
    assert_eq!(it.commits.asked(), asked + 1, "nobody came or went");

    let [
        Shown::Ephemeral(Ephemeral::Viewers {
            stream,
            viewers: 250,
            joined,
            left,
        }),
    ] = &ear.heard()[..]
    else {
        panic!("{:?}", ear.heard());
    };
    assert_eq!(*stream, lease.stream);
    assert_eq!((joined.len(), left.len()), (100, 0), "some of them by name");
}

#[tokio::test]
async fn views_are_not_lost_when_they_cannot_be_kept_at_once() {
    let (it, _, channel, lease) = on_air().await;
    watched(&it, &channel, &[guest("gus")]).await;
    it.commits.always(Some(crate::support::Trouble::Full));
    let full = audience::count(&it.app).await;
    assert!(matches!(full, Err(Refusal::Full)));
    it.commits.always(None);
    assert_eq!(counted(&it, &lease).await, (1, 1, 1));
}

#[tokio::test]
async fn a_stream_that_is_over_has_no_audience() {
    let (it, ada, channel, lease) = on_air().await;
    let gus = Actor::Guest(guest_id("gus"));
    watched(&it, &channel, &[guest("gus")]).await;
    assert_eq!(counted(&it, &lease).await, (1, 1, 1));
    end::execute(&it.app, &ada, lease.stream)
        .await
        .expect("hers");
    watched(&it, &channel, &[guest("gus")]).await;
    assert_eq!(counted(&it, &lease).await, (0, 1, 1));
    let late = join::execute(&it.app, &gus, lease.stream, connection_id("one")).await;
    assert!(matches!(late, Err(Refusal::Stream(StreamError::Ended))));
    let nobody = join::participants(&it.app, &gus, lease.stream).await;
    assert_eq!(nobody.expect("may look").viewers, 0);
}

#[tokio::test]
async fn participants_are_named_where_they_have_an_account() {
    let (it, _, channel, lease) = on_air().await;
    let bob = it.user("bob").await;
    let bob_is = bob.identity().expect("a person");
    watched(&it, &channel, &[bob_is, guest("gus")]).await;
    let present = join::participants(&it.app, &bob, lease.stream)
        .await
        .expect("may look");
    assert_eq!(present.viewers, 2);
    let names: Vec<&str> = present
        .users
        .iter()
        .map(|it| it.username.as_str())
        .collect();
    assert_eq!(names, ["bob"]);
}
