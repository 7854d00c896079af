//! Encoders come in, and are kept out.

use std::time::Duration;

use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::probe;
use greenroom_tests::server::Server;

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_stream_goes_live_by_itself() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    let api = server.api();
    let live = api
        .until("/api/v1/channels/kim", "it is live", LIMIT, |answer| {
            answer.json["live"]["id"].as_str().map(str::to_owned)
        })
        .await;
    let decoded = probe::decode(&server.hls("kim"), Duration::from_secs(3), LIMIT).await;
    println!("{live} {decoded:?}");
    publisher.stop().await;
}
