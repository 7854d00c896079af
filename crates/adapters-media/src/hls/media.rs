//! Media playlists, rendered once per part and shared by every viewer.

use super::Resource;
use crate::cmaf::{Rendition, Segment, seconds};
use crate::frame::TrackKind;
use bytes::Bytes;
use std::fmt::Write as _;

/// Closed segments that are listed.
const LISTED: usize = 6;
/// A hold-back of fewer parts than this is not allowed.
const PARTS_HELD_BACK: f64 = 3.0;

/// The playlist of a rendition, for the address of `target` (seconds), with a report on the
/// `other` one. Infallible formatting: writing to a `String` cannot fail.
pub(crate) fn media_playlist(
    rendition: &Rendition,
    other: Option<&Rendition>,
    target: u32,
    ended: bool,
) -> Bytes {
    let count = rendition.segments().len();
    let open = rendition
        .segments()
        .next_back()
        .is_some_and(|segment| !segment.closed);
    let skip = count.saturating_sub(LISTED + usize::from(open));
    let Some(first) = rendition.segments().nth(skip) else {
        return Bytes::new();
    };
    let part_target = f64::from(rendition.part_target().unwrap_or(1000)) / 1000.0;
    let mut out = String::with_capacity(4096);
    out.push_str(HEAD);
    let _ = write!(
        out,
        "{target}\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    );
    if !ended {
        let hold_back = part_target * PARTS_HELD_BACK;
        let _ = writeln!(
            out,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back:.3}"
        );
    }
    let _ = writeln!(out, "#EXT-X-PART-INF:PART-TARGET={part_target:.3}");
    let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", first.number);
    let sequence = rendition.discontinuity_sequence(first.number);
    let _ = writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{sequence}");

    let parts_from = parts_from(rendition, target);
    let mut map = None;
    for segment in rendition.segments().skip(skip) {
        if ended && !segment.closed {
            continue;
        }
        if segment.discontinuity {
            out.push_str("#EXT-X-DISCONTINUITY\n");
            map = None;
        }
        if let Some(version) = segment.init.filter(|version| map != Some(*version)) {
            map = Some(version);
            let _ = writeln!(out, "#EXT-X-MAP:URI=\"{}\"", Resource::init_name(version));
        }
        list(
            &mut out,
            segment,
            !ended && segment.number >= parts_from,
            rendition,
        );
    }
    if ended {
        out.push_str("#EXT-X-ENDLIST\n");
    } else if let Some((other, at)) = other.and_then(|other| Some((other, other.position()?))) {
        let track = other.config().track();
        let uri = Resource::Playlist { track, target };
        let _ = write!(
            out,
            "#EXT-X-RENDITION-REPORT:URI=\"../{uri}\",LAST-MSN={}",
            at.number
        );
        match at.parts.checked_sub(1) {
            Some(part) => _ = writeln!(out, ",LAST-PART={part}"),
            None => out.push('\n'),
        }
    }
    out.into()
}

/// What every media playlist starts with; the target duration follows.
const HEAD: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:";

/// The same playlist at the address of a longer target duration.
pub(crate) fn with_target(playlist: &Bytes, current: u32, target: u32) -> Bytes {
    let text = String::from_utf8_lossy(playlist);
    text.replacen(
        &format!("{HEAD}{current}\n"),
        &format!("{HEAD}{target}\n"),
        1,
    )
    .replace(
        &Resource::playlist_name(current),
        &Resource::playlist_name(target),
    )
    .into()
}

fn list(out: &mut String, segment: &Segment, parts: bool, rendition: &Rendition) {
    if segment.parts.is_empty() && !segment.closed {
        hint(out, segment);
        return;
    }
    if let Some(time) = chrono::DateTime::from_timestamp_millis(segment.start_millis()) {
        let _ = writeln!(
            out,
            "#EXT-X-PROGRAM-DATE-TIME:{}",
            time.format("%Y-%m-%dT%H:%M:%S%.3fZ")
        );
    }
    if parts {
        for (index, part) in segment.parts.iter().enumerate().take(segment.listable) {
            let duration = seconds(part.duration, segment.timescale);
            let uri = Resource::part_name(segment.number, index);
            let _ = write!(out, "#EXT-X-PART:DURATION={duration:.5},URI=\"{uri}\"");
            // Every block of sound can be decoded by itself.
            let sound = rendition.config().track() == TrackKind::Audio;
            out.push_str(if part.independent || sound {
                ",INDEPENDENT=YES\n"
            } else {
                "\n"
            });
        }
    }
    if !segment.closed {
        hint(out, segment);
        return;
    }
    if segment.is_gap() {
        out.push_str("#EXT-X-GAP\n");
    }
    let name = Resource::segment_name(segment.number);
    let _ = writeln!(out, "#EXTINF:{:.5},\n{name}", segment.seconds());
}

/// The part that comes next, unless the segment has one that must not be named.
fn hint(out: &mut String, segment: &Segment) {
    if segment.listable == segment.parts.len() {
        let uri = Resource::part_name(segment.number, segment.parts.len());
        let _ = writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"");
    }
}

/// The first segment whose parts are listed: those of the last three target durations.
fn parts_from(rendition: &Rendition, target: u32) -> u64 {
    let mut left = f64::from(target) * 3.0;
    let mut from = u64::MAX;
    for segment in rendition.segments().rev() {
        if left <= 0.0 {
            break;
        }
        left -= segment.seconds();
        from = segment.number;
    }
    from
}
