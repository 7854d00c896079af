//! Mocks are for faults that no real part shows.

use std::io;

use example_host_tests::banner;
use greenroom_domain::channel::{Handle, MockChannels};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use greenroom_domain::stream::MockStreams;
use greenroom_testkit::builders::{channel, stream};

fn ada() -> Handle {
    Handle::parse("ada").expect("a handle")
}

fn away() -> StoreError {
    StoreError::Unavailable(Box::new(io::Error::other("the mock is away")))
}

#[tokio::test]
async fn there_is_no_banner_while_the_store_is_away() {
    let mut channels = MockChannels::new();
    channels.expect_by_handle().returning(|_| Err(away()));
    let streams = MockStreams::new();
    assert_eq!(banner(&channels, &streams, &ada()).await, None);
}

#[tokio::test]
async fn there_is_no_banner_where_only_the_streams_are_away() {
    let mut channels = MockChannels::new();
    channels.expect_by_handle().returning(|_| {
        Ok(Some(Stored {
            value: channel("ada"),
            version: Version(1),
        }))
    });
    let mut streams = MockStreams::new();
    streams.expect_live_of().returning(|_| Err(away()));
    assert_eq!(banner(&channels, &streams, &ada()).await, None);

    let mut streams = MockStreams::new();
    streams.expect_live_of().returning(|_| {
        Ok(Some(Stored {
            value: stream("ada", 1).build(),
            version: Version(1),
        }))
    });
    let shown = banner(&channels, &streams, &ada()).await;
    assert!(shown.is_some_and(|shown| shown.starts_with("ada is live: ")));
}
