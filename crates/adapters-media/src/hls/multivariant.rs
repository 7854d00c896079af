//! The multivariant playlist: the one HLS document that is made per viewer.

use super::name::{GrantName, Resource};
use crate::cmaf::{Packager, Rendition, Segment};
use crate::codec::MediaParams;
use crate::frame::TrackKind;
use std::fmt::Write as _;

/// Renders the multivariant playlist; everything it names is below `g/<grant>/`. `None` until
/// there is something to play.
pub fn multivariant_playlist(packager: &Packager, grant: GrantName<'_>) -> Option<String> {
    let target = packager.target()?;
    let address = |track| {
        format!(
            "g/{}/{}",
            grant.expose(),
            Resource::Playlist { track, target }
        )
    };
    let video = playable(packager, TrackKind::Video);
    let audio = playable(packager, TrackKind::Audio);
    let leading = video.or(audio)?;

    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    let mut codecs = leading.config().rfc6381.clone();
    let (mut peak, mut average) = bandwidth(leading);
    if let (Some(_), Some(audio)) = (video, audio) {
        let _ = write!(
            out,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES"
        );
        if let MediaParams::Audio { channels, .. } = audio.config().media {
            let _ = write!(out, ",CHANNELS=\"{channels}\"");
        }
        let _ = writeln!(out, ",URI=\"{}\"", address(TrackKind::Audio));
        let _ = write!(codecs, ",{}", audio.config().rfc6381);
        let sound = bandwidth(audio);
        peak += sound.0;
        average += sound.1;
    }
    let _ = write!(
        out,
        "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codecs}\""
    );
    if let MediaParams::Video {
        width,
        height,
        frame_rate,
    } = leading.config().media
    {
        if width > 0 && height > 0 {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        if let Some(rate) = frame_rate.map(f64::from).or_else(|| leading.frame_rate()) {
            let _ = write!(out, ",FRAME-RATE={rate:.3}");
        }
        if audio.is_some() {
            out.push_str(",AUDIO=\"audio\"");
        }
    }
    let _ = writeln!(out, "\n{}", address(leading.config().track()));
    Some(out)
}

/// A rendition whose newest whole segment holds media.
fn playable(packager: &Packager, track: TrackKind) -> Option<&Rendition> {
    let rendition = packager.rendition(track)?;
    let whole = rendition.segments().rev().find(|segment| segment.closed)?;
    (!whole.is_gap()).then_some(rendition)
}

/// Peak and average bits per second over the window.
pub(crate) fn bandwidth(rendition: &Rendition) -> (u64, u64) {
    let whole = || {
        rendition
            .segments()
            .filter(|segment| segment.closed && !segment.is_gap())
    };
    let rate = |bytes: usize, millis: u64| bytes as u64 * 8_000 / millis.max(1);
    let millis = |segment: &Segment| segment.duration * 1000 / u64::from(segment.timescale.max(1));
    // The cut-off end of an interrupted era says little: half a second at least.
    let peak = whole()
        .map(|segment| rate(segment.bytes(), millis(segment).max(500)))
        .max()
        .unwrap_or(0);
    let average = rate(whole().map(Segment::bytes).sum(), whole().map(millis).sum());
    (peak.max(average).max(1), average.max(1))
}
