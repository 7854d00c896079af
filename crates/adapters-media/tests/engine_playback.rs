//! Players at the engine: grants, bans, presence, waiting.

mod engine_support;
mod rtmp_support;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use engine_support::{Encoder, House, KEY, eventually, get, lease, lease_of, sent_to, token};
use greenroom_adapters_media::EngineConfig;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::MediaServer as _;
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{channel_id, guest, stream_id};

/// The name of the part that a playlist hints at, as a blocking reload asks for it.
fn next_part(playlist: &str) -> String {
    let hint = playlist
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\""));
    let (number, rest) = hint.expect("a hint").split_once('.').expect("a part");
    let part = rest.split('.').next().expect("a number");
    format!("_HLS_msn={number}&_HLS_part={part}")
}

/// The path of the first segment in a playlist.
fn segment(path: &str, playlist: &str) -> String {
    let (folder, _) = path.rsplit_once('/').expect("a folder");
    let name = playlist
        .lines()
        .find(|line| !line.starts_with('#') && line.strip_suffix(".m4s").is_some());
    format!("{folder}/{}", name.expect("a segment"))
}

async fn ban(house: &House, name: &str) {
    let (channel, who) = (channel_id("demo"), guest(name));
    house.app.banned.lock().push((channel, who));
    let revoked = house.engine.revoke_playback(channel, who).await;
    revoked.expect("reachable");
}

#[tokio::test]
async fn without_a_grant_one_is_made_and_media_never_asks_again() {
    let house = House::open().await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let before = house.app.asked();
    let (status, multivariant) = house.get("/hls/demo/index.m3u8").await;
    assert_eq!(status, StatusCode::OK);
    let rendition = multivariant
        .lines()
        .find(|line| line.contains("/video/index."))
        .expect("a rendition");
    assert!(rendition.starts_with("g/g-demo-new"), "{rendition}");
    let path = format!("/hls/demo/{rendition}");
    let (_, playlist) = house.get(&path).await;
    let segment = segment(&path, &playlist);
    for _ in 0..500 {
        assert_eq!(house.get(&path).await.0, StatusCode::OK);
        assert_eq!(house.get(&segment).await.0, StatusCode::OK);
    }
    assert_eq!(house.app.asked() - before, 1);

    let (status, manifest) = house.get("/dash/demo/index.mpd?grant=g-demo-eve").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        manifest.contains("<BaseURL>g/g-demo-eve/</BaseURL>"),
        "{manifest}"
    );
}

#[tokio::test]
async fn a_grant_that_many_come_with_at_once_is_asked_about_once() {
    let house = House::open().await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await.replace("ada", "eve");
    house.app.answers.forget_permits(usize::MAX);
    let before = house.app.asked();
    let requests: Vec<_> = (0..100)
        .map(|_| tokio::spawn(get(house.router.clone(), path.clone())))
        .collect();
    eventually("it is asked", || house.app.asked() > before).await;
    house.app.answers.add_permits(100);
    for request in requests {
        assert_eq!(request.await.expect("no panic").0, StatusCode::OK);
    }
    assert_eq!(house.app.asked() - before, 1);
}

#[tokio::test]
async fn a_grant_is_good_for_its_channel_alone() {
    let house = House::open().await;
    let _one = house.on_air(lease_of("demo", 1, 1), 2).await;
    let _other = house.on_air(lease_of("demo2", 1, 1), 2).await;
    let path = house.playable("demo").await;
    assert_eq!(house.get(&path).await.0, StatusCode::OK);
    let elsewhere = path.replace("/hls/demo/", "/hls/demo2/");
    assert_eq!(house.get(&elsewhere).await.0, StatusCode::FORBIDDEN);
    let invented = path.replace("g-demo-ada", "invented");
    assert_eq!(house.get(&invented).await.0, StatusCode::FORBIDDEN);
    let not_one = path.replace("g-demo-ada", "a%20b");
    assert_eq!(house.get(&not_one).await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        house.get("/hls/demo/index.m3u8?grant=g-demo2-ada").await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        house.get("/hls/nobody/index.m3u8").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_ban_reaches_the_next_request_and_the_one_that_waits() {
    let house = House::open().await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await;
    let (_, playlist) = house.get(&path).await;
    let reload = format!("{path}?{}", next_part(&playlist));
    let waiting = tokio::spawn(get(house.router.clone(), reload.clone()));
    let patient = reload.replace("ada", "eve");
    let patient = tokio::spawn(get(house.router.clone(), patient));
    eventually("both wait", || house.app.asked() >= 2).await;
    let began = Instant::now();
    ban(&house, "ada").await;
    assert_eq!(waiting.await.expect("no panic").0, StatusCode::FORBIDDEN);
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(house.get(&path).await.0, StatusCode::FORBIDDEN);
    let segment = segment(&path, &playlist);
    assert_eq!(house.get(&segment).await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        house.get("/hls/demo/index.m3u8?grant=g-demo-ada").await.0,
        StatusCode::FORBIDDEN
    );
    assert!(!patient.is_finished(), "nobody else is disturbed");
    patient.abort();
}

#[tokio::test]
async fn a_ban_reaches_who_is_just_being_let_in() {
    let house = House::open().await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await.replace("ada", "eve");
    // The application has looked, has not answered yet, and then they are banned.
    house.app.answers.forget_permits(usize::MAX);
    let before = house.app.asked();
    let request = tokio::spawn(get(house.router.clone(), path.clone()));
    eventually("it is asked", || house.app.asked() > before).await;
    ban(&house, "eve").await;
    house.app.answers.add_permits(10);
    assert_eq!(request.await.expect("no panic").0, StatusCode::FORBIDDEN);
    assert_eq!(house.get(&path).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_asks_for_media_is_told_of_once_a_period() {
    let config = EngineConfig {
        report_every: Duration::from_millis(200),
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await;
    let addresses = [
        "/hls/demo/index.m3u8?grant=g-demo-bob",
        "/hls/demo/index.m3u8",
    ];
    for address in addresses {
        assert_eq!(house.get(address).await.0, StatusCode::OK);
    }
    for _ in 0..3 {
        assert_eq!(house.get(&path).await.0, StatusCode::OK);
    }
    assert_eq!(
        house.get(&path.replace("ada", "eve")).await.0,
        StatusCode::OK
    );
    eventually("they are told of", || !house.app.watched().is_empty()).await;
    let mut both = vec![guest("ada"), guest("eve")];
    both.sort_unstable();
    let mut told: Vec<_> = Vec::new();
    eventually("both", || {
        house
            .app
            .watched()
            .iter()
            .map(|it| it.1.len())
            .sum::<usize>()
            >= 2
    })
    .await;
    for (channel, viewers) in house.app.watched() {
        assert_eq!(channel, channel_id("demo"));
        told.extend(viewers);
    }
    told.sort_unstable();
    assert_eq!(told, both, "each once, and not who has the address alone");

    let reports = house.app.watched().len();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(house.app.watched().len(), reports, "nobody asks");
    assert_eq!(house.get(&path).await.0, StatusCode::OK);
    eventually("again", || house.app.watched().len() == reports + 1).await;
    assert_eq!(house.app.watched()[reports].1, [guest("ada")]);
}

#[tokio::test]
async fn a_player_that_waits_since_a_restart_goes_on_when_the_encoder_comes() {
    let house = House::open().await;
    let path = "/hls/demo/g/g-demo-ada/video/index.2.m3u8";
    let waiting = tokio::spawn(get(house.router.clone(), path.to_owned()));
    let manifest = "/dash/demo/index.mpd?grant=g-demo-eve";
    let dash = tokio::spawn(get(house.router.clone(), manifest.to_owned()));
    eventually("they wait", || house.app.asked() == 2).await;
    assert!(!waiting.is_finished() && !dash.is_finished());
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let (status, playlist) = waiting.await.expect("no panic");
    assert_eq!(status, StatusCode::OK);
    assert!(playlist.contains("#EXTINF"), "{playlist}");
    assert_eq!(dash.await.expect("no panic").0, StatusCode::OK);
}

#[tokio::test]
async fn a_playlist_of_a_channel_that_is_off_is_waited_for_a_while() {
    let house = House::open().await;
    let began = Instant::now();
    let (status, _) = house.get("/hls/demo/g/g-demo-ada/video/index.2.m3u8").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let waited = began.elapsed();
    assert!((7..10).contains(&waited.as_secs()), "{waited:?}");
    for path in ["index.m3u8", "g/g-demo-ada/video/1.m4s"] {
        let began = Instant::now();
        let (status, _) = house.get(&format!("/hls/demo/{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(began.elapsed() < Duration::from_secs(1), "{path}");
    }
}

#[tokio::test]
async fn while_interrupted_a_reload_is_answered_unchanged_after_one_target() {
    let house = House::open().await;
    let encoder = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await;
    encoder.reset();
    eventually("it is gone", || house.app.lost().len() == 1).await;
    let (_, before) = house.get(&path).await;
    let last = before
        .lines()
        .rev()
        .find_map(|line| line.strip_suffix(".m4s")?.parse::<u64>().ok());
    let next = last.expect("a segment") + 1;
    let began = Instant::now();
    let (status, after) = house.get(&format!("{path}?_HLS_msn={next}")).await;
    assert_eq!((status, &after), (StatusCode::OK, &before));
    assert!((2..4).contains(&began.elapsed().as_secs()));

    // And goes on when the encoder comes back.
    let reload = format!("{path}?_HLS_msn={next}&_HLS_part=0");
    let waiting = tokio::spawn(get(house.router.clone(), reload));
    let _encoder = house.on_air(lease(1, 2), 2).await;
    let (status, after) = waiting.await.expect("no panic");
    assert_eq!(status, StatusCode::OK);
    assert!(after.contains("#EXT-X-DISCONTINUITY\n"), "{after}");
    assert!(!after.contains("ENDLIST"), "{after}");
}

#[tokio::test]
async fn who_asks_the_wrong_node_is_sent_to_the_right_one() {
    let house = House::open().await;
    let there = "https://two.example.org/live";
    *house.app.elsewhere.lock() = NodeAddress::parse(there);
    for path in [
        "/hls/demo/index.m3u8",
        "/hls/demo/index.m3u8?grant=g-demo-ada",
        "/dash/demo/index.mpd?grant=g-demo-ada",
        "/hls/demo/g/g-demo-ada/video/index.1.m3u8?_HLS_msn=7&_HLS_part=2",
        "/hls/demo/g/g-demo-ada/video/1.m4s",
        "/thumbnails/demo.jpg?v=7",
    ] {
        let sent = sent_to(house.router.clone(), path.to_owned()).await;
        assert_eq!(sent, Some(format!("{there}{path}")));
    }
    house
        .app
        .banned
        .lock()
        .push((channel_id("demo"), guest("ada")));
    let (status, _) = house.get("/hls/demo/index.m3u8?grant=g-demo-ada").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "they are banned there too");
}

#[tokio::test]
async fn who_plays_while_the_stream_moves_goes_with_it_and_comes_back() {
    let house = House::open().await;
    let mut encoder = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await;
    let (_, playlist) = house.get(&path).await;
    let reload = format!("{path}?{}", next_part(&playlist)).replace("ada", "eve");
    let before = house.app.asked();
    let waiting = tokio::spawn(sent_to(house.router.clone(), reload.clone()));
    eventually("it is let in", || house.app.asked() > before).await;

    let there = "https://two.example.org";
    *house.app.elsewhere.lock() = NodeAddress::parse(there);
    let (channel, stream) = (channel_id("demo"), stream_id("demo", 1));
    for _ in 0..2 {
        let handed_over = house.engine.hand_over(channel, stream, Generation(2)).await;
        handed_over.expect("reachable");
    }
    let sent = waiting.await.expect("no panic");
    assert_eq!(sent, Some(format!("{there}{reload}")));
    let sent = sent_to(house.router.clone(), path.clone()).await;
    assert_eq!(sent, Some(format!("{there}{path}")));
    eventually("its encoder is cut off", || house.app.lost().len() == 1).await;
    assert!(!encoder.is_on().await);

    *house.app.elsewhere.lock() = None;
    let _encoder = house.on_air(lease(1, 3), 2).await;
    let late = house.engine.hand_over(channel, stream, Generation(2)).await;
    late.expect("reachable");
    assert_eq!(house.get(&path).await.0, StatusCode::OK);
}

#[tokio::test]
async fn addresses_are_found_in_any_case() {
    let house = House::open().await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let (status, multivariant) = house.get("/hls/DEMO/index.m3u8?grant=g-demo-ada").await;
    assert_eq!(status, StatusCode::OK);
    let rendition = multivariant
        .lines()
        .find(|line| line.contains("/video/index."))
        .expect("a rendition");
    let path = format!("/hls/DEMO/{rendition}");
    let (status, playlist) = house.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    let segment = segment(&path, &playlist);
    assert_eq!(house.get(&segment).await.0, StatusCode::OK);
    let asked = house.app.asked();
    let lower = segment.replace("DEMO", "demo");
    assert_eq!(house.get(&lower).await.0, StatusCode::OK);
    assert_eq!(house.app.asked(), asked, "it is the same grant");
    let handle = Handle::parse("demo").expect("a handle");
    let addresses = house
        .engine
        .playback_addresses(&handle, Some(token("demo", "ada")));
    for address in addresses {
        assert_eq!(house.get(&address.path).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn no_path_leads_anywhere_else() {
    let house = House::open().await;
    let _encoder = house.on_air(lease(1, 1), 2).await;
    let grant = "g/g-demo-ada";
    for path in [
        "/hls/../index.m3u8",
        "/hls/%2e%2e/index.m3u8",
        "/hls/demo%00/index.m3u8",
        "/hls/%2fetc%2fpasswd/index.m3u8",
        "/hls//index.m3u8",
        "/hls/%ff%fe/index.m3u8",
        "/hls/d%C3%A9mo/index.m3u8",
        &format!("/hls/{}/index.m3u8", "a".repeat(5000)),
        &format!("/hls/demo/{grant}/video/../../../index.m3u8"),
        &format!("/hls/demo/{grant}/video/%2e%2e"),
        &format!("/hls/demo/{grant}/%2e%2e/index.2.m3u8"),
        &format!("/hls/demo/{grant}/video/%2fetc%2fpasswd"),
        &format!("/hls/demo/{grant}/video/index.2.m3u8%00"),
        &format!("/hls/demo/{grant}/video/..%2f1.m4s"),
        &format!("/hls/demo/{grant}/video/99999999999999999999999.m4s"),
        &format!("/hls/demo/{grant}/video/18446744073709551615.m4s"),
        &format!("/hls/demo/{grant}/video/1.18446744073709551615.m4s"),
        &format!("/hls/demo/{grant}/video/t18446744073709551615.m4s"),
        &format!("/dash/demo/{grant}/audio/init.0.mp4"),
        "/dash/../../etc/passwd/index.mpd",
    ] {
        let (status, _) = house.get(path).await;
        let refused = [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST];
        assert!(refused.contains(&status), "{path}: {status}");
    }
    for query in [
        "_HLS_msn=18446744073709551615",
        "_HLS_msn=-1",
        "_HLS_msn=1&_HLS_part=99999999999999999999",
        "_HLS_part=1",
        "grant=%00",
    ] {
        let path = format!("/hls/demo/{grant}/video/index.2.m3u8?{query}");
        let (status, _) = house.get(&path).await;
        assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
}

#[tokio::test]
async fn the_key_is_nowhere_in_what_players_get() {
    let house = House::open().await;
    house.app.admit(lease(1, 1));
    let mut encoder = Encoder::connect(house.rtmp).await;
    assert!(encoder.publish("live", KEY).await);
    encoder.configure().await;
    house.groups(&mut encoder, 2).await;
    let path = house.playable("demo").await;
    for path in [&*path, "/hls/demo/index.m3u8", "/dash/demo/index.mpd"] {
        let (status, text) = house.get(path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!text.contains(&KEY[3..20]), "{text}");
    }
    let status = house.engine.ingest_status(stream_id("demo", 1)).await;
    assert!(!format!("{:?} {status:?}", house.engine).contains(&KEY[3..20]));
}
