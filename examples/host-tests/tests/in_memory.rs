//! Everything else is tested on a platform in memory: the real rules, and time that the test
//! moves.

use std::sync::Arc;
use std::time::Duration;

use example_host_tests::banner;
use greenroom::app::account::authenticate;
use greenroom::app::channel::create::{self as create_channel, CreateChannel};
use greenroom::app::stream::create::{self as plan_stream, CreateStream};
use greenroom::app::stream::{start, sweep};
use greenroom::domain::account::VerifiedToken;
use greenroom::domain::channel::{ChannelTitle, Handle};
use greenroom::domain::shared::node::NodeAddress;
use greenroom::{App, Greenroom, Refusal};
use greenroom_testkit::ManualClock;
use greenroom_testkit::builders::noon_plus;
use greenroom_testkit::identity::{KnownTokens, says};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn the_banner_is_there_while_the_channel_is_live() {
    let clock = Arc::new(ManualClock::default());
    let tokens = Arc::new(KnownTokens::default());
    let ada = VerifiedToken {
        is_creator: true,
        ..says("ada", noon_plus(3600))
    };
    tokens.add("ada's token", ada);
    let here = NodeAddress::parse("http://localhost:3000").expect("an address");
    let greenroom = Greenroom::builder(here, CancellationToken::new())
        .clock(clock.clone())
        .tokens(tokens)
        .build()
        .await
        .expect("a store in memory answers");
    let app = greenroom.app();
    let handle = Handle::parse("ada").expect("a handle");
    let shown = async || banner(&*app.ports.channels, &*app.ports.streams, &handle).await;

    assert_eq!(shown().await, None, "there is no such channel yet");
    go_live(app, "ada's token", &handle)
        .await
        .expect("it is live");
    assert_eq!(shown().await.as_deref(), Some("ada is live: A scarf"));

    // No encoder comes.
    clock.advance(app.settings.streams.no_media + Duration::from_secs(1));
    sweep::due(app).await.expect("a sweep");
    assert_eq!(shown().await, None, "it is over");
}

/// A creator's new channel goes on air by command.
async fn go_live(app: &Arc<App>, token: &str, handle: &Handle) -> Result<(), Refusal> {
    let creator = authenticate::by_token(app, token).await?.actor;
    let channel = CreateChannel {
        handle: handle.clone(),
        title: ChannelTitle::parse("A scarf").expect("a title"),
    };
    create_channel::execute(app, &creator, channel).await?;
    let stream = CreateStream {
        handle: handle.clone(),
        title: None,
        category: None,
    };
    let planned = plan_stream::execute(app, &creator, stream).await?;
    start::execute(app, &creator, planned.stream.id).await?;
    Ok(())
}
