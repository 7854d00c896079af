//! MPEG-DASH manifests (ISO/IEC 23009-1) over the packager's windows.
//!
//! Times are those of the wall clock: `availabilityStartTime` is the Unix epoch, a Period starts
//! where an era (or a new init segment) does, and segments are named by their decode time.

use crate::cmaf::{Packager, Period, Rendition, Segment};
use crate::codec::MediaParams;
use crate::frame::TrackKind;
use crate::hls::{GrantName, Resource, bandwidth, folder};
use chrono::{DateTime, Utc};
use std::fmt::Write as _;

/// Renders the MPD for one viewer: its `BaseURL` carries the grant. `clock` is the address where
/// this server tells its time (an absolute URL or path without characters that XML escapes).
/// `None` until there is something to play.
///
/// A stream that ended becomes `static`, which players take as the end.
pub fn manifest(
    packager: &Packager,
    grant: GrantName<'_>,
    clock: &str,
    now: DateTime<Utc>,
) -> Option<String> {
    let target = packager.target()?;
    let periods = periods(packager);
    let last = *periods.last()?;
    let renditions = || {
        [TrackKind::Video, TrackKind::Audio]
            .into_iter()
            .filter_map(|track| packager.rendition(track))
    };
    let segments = || renditions().flat_map(whole);
    let end = segments().map(end_millis).max()?;
    let begin = segments().map(Segment::start_millis).min()?;
    let longest = segments()
        .map(|segment| end_millis(segment) - segment.start_millis())
        .max()?;

    let mut out = String::with_capacity(4096);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str("<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"");
    if packager.is_ended() {
        let _ = write!(
            out,
            " type=\"static\" mediaPresentationDuration=\"{}\"",
            duration(end)
        );
    } else {
        let _ = write!(
            out,
            " type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\" publishTime=\"{}\" \
             minimumUpdatePeriod=\"PT{target}S\" timeShiftBufferDepth=\"{}\" suggestedPresentationDelay=\"PT{}S\"",
            iso(now),
            duration(end - begin),
            2 * target + 1,
        );
    }
    let _ = writeln!(
        out,
        " minBufferTime=\"PT{target}S\" maxSegmentDuration=\"{}\">",
        duration(longest)
    );
    let _ = writeln!(out, "<BaseURL>g/{}/</BaseURL>", grant.expose());
    // Who reloads is to be the same viewer.
    let _ = writeln!(
        out,
        "<Location>index.mpd?grant={}</Location>",
        grant.expose()
    );
    for period in &periods {
        let _ = write!(
            out,
            "<Period id=\"{}\" start=\"{}\"",
            period.id,
            duration(period.start)
        );
        if packager.is_ended() && *period == last {
            let _ = write!(out, " duration=\"{}\"", duration(end - period.start));
        }
        out.push_str(">\n");
        for rendition in renditions() {
            adaptation_set(&mut out, rendition, *period);
        }
        out.push_str("</Period>\n");
    }
    if !packager.is_ended() {
        let _ = writeln!(
            out,
            "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"{clock}\"/>"
        );
        let _ = writeln!(
            out,
            "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"{}\"/>",
            iso(now)
        );
    }
    out.push_str("</MPD>\n");
    Some(out)
}

/// The time as the `http-iso` scheme of `UTCTiming` scheme tells it.
pub fn iso(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn adaptation_set(out: &mut String, rendition: &Rendition, period: Period) {
    let mut segments = whole(rendition)
        .filter(|segment| segment.period.id == period.id)
        .peekable();
    let Some((timescale, Some(init))) = segments
        .peek()
        .map(|segment| (segment.timescale, segment.init))
    else {
        return;
    };
    let config = rendition.config_of(init);
    let folder = folder(config.track());
    let kind = match config.media {
        MediaParams::Video { .. } => "id=\"0\" contentType=\"video\" mimeType=\"video/mp4\"",
        MediaParams::Audio { .. } => "id=\"1\" contentType=\"audio\" mimeType=\"audio/mp4\"",
    };
    let _ = writeln!(
        out,
        "<AdaptationSet {kind} segmentAlignment=\"true\" startWithSAP=\"1\">"
    );
    let bits = bandwidth(rendition).0;
    let _ = write!(
        out,
        "<Representation id=\"{folder}\" codecs=\"{}\" bandwidth=\"{bits}\"",
        config.rfc6381
    );
    match config.media {
        MediaParams::Video {
            width,
            height,
            frame_rate,
        } => {
            if width > 0 && height > 0 {
                let _ = write!(out, " width=\"{width}\" height=\"{height}\"");
            }
            if let Some(rate) = frame_rate.map(f64::from).or_else(|| rendition.frame_rate()) {
                let _ = write!(out, " frameRate=\"{:.0}/1000\"", rate * 1000.0);
            }
            out.push_str(">\n");
        }
        MediaParams::Audio {
            sample_rate,
            channels,
            ..
        } => {
            let _ = write!(
                out,
                " audioSamplingRate=\"{sample_rate}\">\n<AudioChannelConfiguration \
                 schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"{channels}\"/>\n"
            );
        }
    }
    let offset = ticks(period.start, timescale);
    let init = Resource::Init {
        track: config.track(),
        version: init,
    };
    let _ = write!(
        out,
        "<SegmentTemplate timescale=\"{timescale}\" presentationTimeOffset=\"{offset}\" \
         initialization=\"{init}\" media=\"{folder}/t$Time$.m4s\">\n<SegmentTimeline>\n"
    );
    for segment in segments {
        let _ = writeln!(
            out,
            "<S t=\"{}\" d=\"{}\"/>",
            segment.start, segment.duration
        );
    }
    out.push_str("</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n");
}

/// Segments that can be named: closed, and with media.
fn whole(rendition: &Rendition) -> impl Iterator<Item = &Segment> {
    rendition
        .segments()
        .filter(|segment| segment.closed && !segment.parts.is_empty())
}

/// The periods of the window, oldest first.
fn periods(packager: &Packager) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for track in [TrackKind::Video, TrackKind::Audio] {
        for segment in packager.rendition(track).into_iter().flat_map(whole) {
            if !periods.iter().any(|known| known.id == segment.period.id) {
                periods.push(segment.period);
            }
        }
    }
    periods.sort_by_key(|period| period.id);
    periods
}

fn ticks(millis: i64, timescale: u32) -> u64 {
    u64::try_from(i128::from(millis) * i128::from(timescale) / 1000).unwrap_or(0)
}

fn end_millis(segment: &Segment) -> i64 {
    i64::try_from(u128::from(segment.end()) * 1000 / u128::from(segment.timescale.max(1)))
        .unwrap_or(i64::MAX)
}

/// Milliseconds as an XML duration.
fn duration(millis: i64) -> String {
    let millis = millis.max(0);
    format!("PT{}.{:03}S", millis / 1000, millis % 1000)
}
