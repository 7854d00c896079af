//! A host program's own code on Greenroom's ports: what a site's front page says of a channel.

use greenroom_domain::channel::{Channels, Handle};
use greenroom_domain::stream::Streams;

/// What stands on top of the front page. The page is never held up by a store that is away.
pub async fn banner(channels: &dyn Channels, streams: &dyn Streams, of: &Handle) -> Option<String> {
    let channel = channels.by_handle(of).await.ok()??.value;
    let live = streams.live_of(channel.id).await.ok()??.value;
    Some(format!("{} is live: {}", channel.handle, live.title))
}
