//! Where streams are played, as the documents give it: one HLS address, which is never made of
//! a stream key.

use greenroom_app::stream::playback;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{PlaybackAddress, PlaybackKind, Seat};

use crate::context::Context;
use crate::problem::Problem;

/// The channel's address for everybody, to be kept: whoever plays it is a guest.
pub(super) fn for_everybody(context: &Context, handle: &Handle) -> Option<String> {
    let addresses = context.app.ports.media.playback_addresses(handle, None);
    Some(context.url(&hls(addresses)?))
}

/// The same with a grant for whoever asks: their player counts as them. Refused to whoever may
/// not watch.
pub(super) async fn for_asker(
    context: &Context,
    handle: &Handle,
) -> Result<Option<String>, Problem> {
    let (address, _) = with_seat(context, handle).await?;
    Ok(address)
}

/// The same, and a seat in the channel's room, where the media engine has rooms.
pub(super) async fn with_seat(
    context: &Context,
    handle: &Handle,
) -> Result<(Option<String>, Option<Seat>), Problem> {
    // The grant is theirs: they are to be the same person when they come back, also when they are
    // only told to come back.
    context.keep_guest();
    let playback = playback::addresses(&context.app, &context.actor, handle).await?;
    let address = hls(playback.addresses).map(|path| match &playback.node {
        Some(node) => node.url(&path),
        None => context.url(&path),
    });
    Ok((address, playback.seat))
}

fn hls(addresses: Vec<PlaybackAddress>) -> Option<String> {
    let mut addresses = addresses.into_iter();
    let hls = addresses.find(|address| address.kind == PlaybackKind::Hls)?;
    Some(hls.path)
}
