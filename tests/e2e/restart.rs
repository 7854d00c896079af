//! The server is killed in the middle.

use std::time::Duration;

use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::player::Player;
use greenroom_tests::server::Server;

const LIMIT: Duration = Duration::from_secs(40);

#[tokio::test]
async fn a_killed_server_goes_on_with_the_stream_and_its_player() {
    let mut server = Server::start().await;
    let channel = server.channel("kim").await;
    let url = server.publish_url(&channel.key);
    // As OBS does: it tries again until it is told to stop.
    let encoder = tokio::spawn(async move {
        loop {
            let mut publisher = Publish::default().to(&url);
            publisher.ended(Duration::from_secs(600)).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    let stream = server.until_ingest("kim", "publishing").await;
    let mut player = Player::hls(&server.hls("kim"));
    let before = player.plays_for(Duration::from_secs(3), LIMIT).await;

    server.kill().await;
    server.restart().await;
    assert_eq!(server.until_ingest("kim", "publishing").await, stream);
    let shown = |sample: &greenroom_tests::player::Sample| {
        sample.all["programDateTime"].as_f64().unwrap_or_default()
    };
    let after = player
        .until("the same player shows what came after", LIMIT, |sample| {
            assert!(!sample.has_fatal_error(), "{sample:?}");
            shown(sample) > shown(&before) + 5000.0
        })
        .await;
    let later = player.plays_for(Duration::from_secs(3), LIMIT).await;
    assert!(
        later.decoded_frames > after.decoded_frames + 40,
        "{later:?}"
    );
    drop(player);

    // Asked to stop, it leaves the stream to its successor too.
    server.stop().await;
    server.restart().await;
    assert_eq!(server.until_ingest("kim", "publishing").await, stream);

    // Nobody comes back: the stream does not stay live for ever.
    encoder.abort();
    assert!(encoder.await.is_err_and(|error| error.is_cancelled()));
    server.kill().await;
    server.restart().await;
    assert_eq!(server.until_ended(&stream).await, "encoder_gone");
}
