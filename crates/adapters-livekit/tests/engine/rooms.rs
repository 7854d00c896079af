//! What happens in rooms, on LiveKit's stand-in.

use std::time::{Duration, Instant};

use crate::support::{House, demo, key, key_of_demo, lease, until};
use greenroom_adapters_livekit::{CheckError, LiveKit, Options};
use greenroom_domain::media::{
    MediaEvent, MediaServer, MediaWebhooks, Messenger, SeatRequest, SeatRole, Tab, WebhookRefused,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{guest, stream_id, user_id, viewer};
use greenroom_testkit::livekit::{
    Attendee, Delivery, Faults, KEY, SECRET, StandIn, TurnedAway, sign, sign_long_ago,
};

fn options(livekit: &StandIn) -> Options {
    Options::new(&livekit.url(), KEY, SECRET).expect("options")
}

fn open(faults: Faults) -> (House, StandIn) {
    let mut livekit = StandIn::start();
    let house = House::open(options(&livekit));
    livekit.deliver_to(house.engine.clone(), faults);
    (house, livekit)
}

async fn publish(house: &House, livekit: &StandIn, generation: u64) -> Attendee {
    house.admit(lease(1, generation));
    let seat = house.seat(SeatRole::Publisher(key()), 1).await;
    let attendee = livekit.join(seat.token.expose()).expect("the room is open");
    livekit.publish(&attendee).expect("it may");
    until("the stream is live", async || {
        house.publisher(1).await == Some(Generation(generation))
    })
    .await;
    attendee
}

async fn watch(house: &House, livekit: &StandIn, who: Identity, tab: u128) -> Attendee {
    let seat = house.seat(SeatRole::Viewer(who), tab).await;
    livekit.join(seat.token.expose()).expect("the room is open")
}

async fn audience_is(house: &House, expected: &[Identity]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    until("the audience is right", async || {
        house.watching() == expected
    })
    .await;
}

#[tokio::test]
async fn an_audience_is_people_however_many_tabs_they_have() {
    let (house, livekit) = open(Faults::default());
    publish(&house, &livekit, 1).await;
    let (ada, eve) = (viewer("ada"), guest("eve"));
    let first = watch(&house, &livekit, ada, 1).await;
    let second = watch(&house, &livekit, ada, 2).await;
    let third = watch(&house, &livekit, eve, 3).await;
    let own = house.seat(SeatRole::SelfView, 4).await;
    livekit.join(own.token.expose()).expect("the room is open");
    audience_is(&house, &[ada, eve]).await;
    assert_eq!(livekit.publish(&first), Err(TurnedAway::NotAllowed));
    livekit.leave(&first);
    livekit.leave(&third);
    audience_is(&house, &[ada]).await;
    livekit.leave(&second);
    audience_is(&house, &[]).await;
    house.close().await;
}

#[tokio::test]
async fn who_is_banned_is_sent_out_and_whenever_they_come_back() {
    let (house, livekit) = open(Faults::default());
    publish(&house, &livekit, 1).await;
    let (ada, eve) = (viewer("ada"), guest("eve"));
    let seat = house.seat(SeatRole::Viewer(ada), 1).await;
    let tabs = [
        livekit.join(seat.token.expose()).expect("a seat"),
        watch(&house, &livekit, ada, 2).await,
    ];
    let other = watch(&house, &livekit, eve, 3).await;
    audience_is(&house, &[ada, eve]).await;
    house.app.ban(ada);
    let began = Instant::now();
    house
        .engine
        .revoke_playback(demo().id, ada)
        .await
        .expect("reachable");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(tabs.iter().all(|tab| !livekit.is_there(tab)));
    audience_is(&house, &[eve]).await;
    // The token is still good; its holder is not.
    let again = livekit.join(seat.token.expose()).expect("a seat");
    until("they are sent out again", async || {
        !livekit.is_there(&again)
    })
    .await;
    assert!(livekit.is_there(&other));
    assert_eq!(house.watching(), [eve]);
}

#[tokio::test]
async fn what_webhooks_lose_the_lists_bring_back() {
    let mut livekit = StandIn::start();
    let house = House::open(options(&livekit).reconcile_every(Duration::from_millis(50)));
    let nothing = Faults {
        lose: 100,
        ..Faults::default()
    };
    livekit.deliver_to(house.engine.clone(), nothing);
    let ada = viewer("ada");
    let encoder = publish(&house, &livekit, 1).await;
    let tab = watch(&house, &livekit, ada, 1).await;
    audience_is(&house, &[ada]).await;
    livekit.leave(&tab);
    audience_is(&house, &[]).await;
    livekit.leave(&encoder);
    let gone = MediaEvent::IngestLost {
        stream: stream_id("demo", 1),
        generation: Generation(1),
    };
    until("the stream has lost its encoder", async || {
        house.was_told(&gone)
    })
    .await;
    assert_eq!(house.publisher(1).await, None);
}

#[tokio::test]
async fn repeated_and_shuffled_webhooks_leave_the_truth() {
    for seed in 0..20 {
        let (house, livekit) = open(Faults {
            repeat: 40,
            shuffle: 12,
            seed,
            ..Faults::default()
        });
        publish(&house, &livekit, 1).await;
        let people = [viewer("ada"), viewer("bob"), guest("eve"), guest("mallory")];
        for (tab, who) in people.into_iter().enumerate() {
            let tab = tab as u128;
            let first = watch(&house, &livekit, who, 2 * tab).await;
            watch(&house, &livekit, who, 2 * tab + 1).await;
            livekit.leave(&first);
        }
        let last = watch(&house, &livekit, people[0], 1).await;
        livekit.leave(&last);
        audience_is(&house, &people[1..]).await;
        assert_eq!(house.publisher(1).await, Some(Generation(1)));
    }
}

#[tokio::test]
async fn forged_altered_and_replayed_deliveries_change_nothing() {
    let mut livekit = StandIn::start();
    let house = House::open(options(&livekit).reconcile_every(Duration::from_secs(600)));
    let ada = viewer("ada");
    // So that the room is there.
    let publisher = house.seat(SeatRole::Publisher(key()), 1).await;
    livekit.take_deliveries();
    let seat = house.seat(SeatRole::Viewer(ada), 1).await;
    let tab = livekit.join(seat.token.expose()).expect("a seat");
    let [
        Delivery {
            authorization,
            body,
        },
    ] = &livekit.take_deliveries()[..]
    else {
        panic!("one came");
    };
    let engine = &house.engine;
    let altered = [body.as_slice(), b" "].concat();
    let somebody = publisher.token.expose();
    let old = sign_long_ago(body).authorization;
    for (authorization, body) in [
        (old.as_str(), body),
        ("", body),
        ("not a token", body),
        (authorization.as_str(), &altered),
        // Signed with the key, but not a webhook's.
        (somebody, body),
        (&format!("Bearer {authorization}"), body),
    ] {
        let refused = engine.receive(authorization, body).await;
        assert_eq!(refused, Err(WebhookRefused::Unsigned), "{authorization}");
    }
    let nonsense = sign(b"{}}");
    let refused = engine
        .receive(&nonsense.authorization, &nonsense.body)
        .await;
    assert_eq!(refused, Err(WebhookRefused::Malformed));
    assert!(house.watching().is_empty());

    engine
        .receive(authorization, body)
        .await
        .expect("it is good");
    audience_is(&house, &[ada]).await;
    livekit.leave(&tab);
    for left in livekit.take_deliveries() {
        let taken = engine.receive(&left.authorization, &left.body).await;
        taken.expect("it is good");
    }
    audience_is(&house, &[]).await;
    engine.receive(authorization, body).await.expect("known");
    // Whatever would follow has followed when what comes after it has.
    let other = house.seat(SeatRole::Viewer(guest("eve")), 2).await;
    livekit.join(other.token.expose()).expect("a seat");
    for joined in livekit.take_deliveries() {
        let taken = engine.receive(&joined.authorization, &joined.body).await;
        taken.expect("it is good");
    }
    audience_is(&house, &[guest("eve")]).await;
}

#[tokio::test]
async fn without_livekit_calls_fail_at_once_and_with_it_all_is_right_again() {
    let mut livekit = StandIn::start();
    let house = House::open(options(&livekit).reconcile_every(Duration::from_millis(50)));
    livekit.deliver_to(house.engine.clone(), Faults::default());
    publish(&house, &livekit, 1).await;
    livekit.kill().await;
    let began = Instant::now();
    let credentials = house.engine.ingest_credentials(key_of_demo()).await;
    credentials.expect_err("nobody answers");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(house.publisher(1).await.is_some(), "nothing is known");
    livekit.revive().await;
    until("the encoder is missed", async || {
        house.publisher(1).await.is_none()
    })
    .await;
    until("its room is open again", async || {
        !livekit.rooms().is_empty()
    })
    .await;
    publish(&house, &livekit, 2).await;
}

#[tokio::test]
async fn the_end_closes_the_room_and_no_token_opens_it() {
    let (house, livekit) = open(Faults::default());
    let encoder = publish(&house, &livekit, 1).await;
    let seat = house.seat(SeatRole::Viewer(viewer("ada")), 1).await;
    let ended = house.engine.end(demo().id, stream_id("demo", 1)).await;
    ended.expect("reachable");
    assert!(livekit.rooms().is_empty());
    assert!(!livekit.is_there(&encoder));
    let refused = livekit.join(seat.token.expose());
    assert_eq!(refused, Err(TurnedAway::NoSuchRoom));
}

#[tokio::test]
async fn an_encoder_publishes_with_what_the_engine_made_for_its_key() {
    let (house, livekit) = open(Faults::default());
    let engine = &house.engine;
    let made = engine.ingest_credentials(key_of_demo()).await;
    let made = made.expect("reachable");
    let protocols: Vec<&str> = made.iter().map(|it| it.protocol).collect();
    assert_eq!(protocols, ["rtmp", "whip"]);
    assert_eq!(
        made,
        engine
            .ingest_credentials(key_of_demo())
            .await
            .expect("again")
    );
    assert_eq!(livekit.ingresses().len(), 2);

    house.admit(lease(1, 1));
    let encoder = livekit.connect(made[0].secret.expose()).expect("a key");
    assert_eq!(encoder.identity, demo().owner.to_string());
    until("the stream is live", async || {
        house.publisher(1).await == Some(Generation(1))
    })
    .await;
    assert_eq!(house.app.asked(), [key()]);

    engine
        .withdraw_credentials(key().key)
        .await
        .expect("reachable");
    assert!(livekit.ingresses().is_empty());
    let refused = livekit.connect(made[0].secret.expose());
    assert_eq!(refused, Err(TurnedAway::NoSuchIngress));
}

#[tokio::test]
async fn a_publisher_whom_the_application_refuses_is_sent_out() {
    let (house, livekit) = open(Faults::default());
    let seat = house.seat(SeatRole::Publisher(key()), 1).await;
    let attendee = livekit.join(seat.token.expose()).expect("a seat");
    livekit.publish(&attendee).expect("it may");
    until("it is sent out", async || !livekit.is_there(&attendee)).await;
    assert_eq!(house.publisher(1).await, None);
}

#[tokio::test]
async fn without_the_ingress_service_whip_goes_to_the_server() {
    let (house, livekit) = open(Faults::default());
    livekit.without_ingress();
    let made = house.engine.ingest_credentials(key_of_demo()).await;
    let made = made.expect("reachable");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].protocol, "whip");
    assert!(made[0].url.ends_with("/whip/v1") && made[0].url.starts_with("http://"));
    assert!(made[0].expires_at.is_some());
    livekit.join(made[0].secret.expose()).expect("a token");
}

#[tokio::test]
async fn a_wrong_key_secret_or_address_is_named() {
    let livekit = StandIn::start();
    let check = async |url: &str, key: &str, secret: &str| {
        LiveKit::check(&Options::new(url, key, secret).expect("options")).await
    };
    let url = livekit.url();
    check(&url, KEY, SECRET).await.expect("it is right");
    let wrong = check(&url, "other", SECRET).await;
    assert!(matches!(wrong, Err(CheckError::UnknownKey)), "{wrong:?}");
    let wrong = check(&url, KEY, "another secret of over 32 characters").await;
    assert!(matches!(wrong, Err(CheckError::WrongSecret)), "{wrong:?}");
    let wrong = check(&format!("{url}/elsewhere/"), KEY, SECRET).await;
    let named = matches!(wrong, Err(CheckError::NotLiveKit { status: 404, .. }));
    assert!(named, "{wrong:?}");
    livekit.kill().await;
    let wrong = check(&url, KEY, SECRET).await;
    assert!(matches!(wrong, Err(CheckError::Away { .. })), "{wrong:?}");
}

#[tokio::test]
async fn chat_goes_out_as_data_in_order() {
    let (house, livekit) = open(Faults::default());
    let (engine, room) = (&house.engine, demo().owner.to_string());
    engine
        .show(demo().id, b"to nobody")
        .await
        .expect("no room is no failure");
    publish(&house, &livekit, 1).await;
    for line in ["first", "second"] {
        let shown = engine.show(demo().id, line.as_bytes()).await;
        shown.expect("reachable");
    }
    assert_eq!(livekit.data(&room), [b"first".to_vec(), b"second".to_vec()]);
}

#[tokio::test]
async fn rooms_that_are_no_creators_are_left_alone() {
    let (house, livekit) = open(Faults::default());
    let other = SeatRequest {
        channel: demo().id,
        owner: user_id("stranger"),
        role: SeatRole::Publisher(key()),
        tab: Tab::Only,
    };
    let seat = house.engine.take_seat(other).await.expect("reachable");
    let seat = seat.expect("it has rooms");
    let stranger = livekit.join(seat.token.expose()).expect("a seat");
    livekit.publish(&stranger).expect("it may");
    // What is heard later has been acted upon.
    publish(&house, &livekit, 1).await;
    assert_eq!(house.app.asked().len(), 1);
    assert!(livekit.is_there(&stranger));
}
