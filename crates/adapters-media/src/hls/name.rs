//! The names of what can be fetched, relative to a grant and the same for everybody.
//!
//! | name | what |
//! | --- | --- |
//! | `video/index.2.m3u8` | media playlist whose target duration is 2 s |
//! | `video/init.1760000000.mp4` | init segment |
//! | `video/1760000000.m4s` | segment by media sequence number |
//! | `video/1760000000.3.m4s` | its part 3 |
//! | `video/t158400000000000.m4s` | segment by decode time (DASH `$Time$`) |
//!
//! A name never means other bytes later, but for playlists. Names are parsed strictly: every
//! number in its one canonical form, nothing else, so that nothing can be traversed or aliased.

use crate::frame::TrackKind;
use std::fmt;

/// Something below a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A media playlist.
    Playlist {
        /// The rendition.
        track: TrackKind,
        /// The target duration that its address promises, in seconds.
        target: u32,
    },
    /// An init segment.
    Init {
        /// The rendition.
        track: TrackKind,
        /// Which one.
        version: u64,
    },
    /// A segment.
    Segment {
        /// The rendition.
        track: TrackKind,
        /// Its media sequence number.
        number: u64,
    },
    /// A part of a segment.
    Part {
        /// The rendition.
        track: TrackKind,
        /// The segment's media sequence number.
        number: u64,
        /// Counted from 0.
        part: usize,
    },
    /// A segment, found by its decode time.
    SegmentAt {
        /// The rendition.
        track: TrackKind,
        /// Ticks since the Unix epoch.
        start: u64,
    },
}

impl Resource {
    /// Parses `<rendition>/<file>`; `None` for anything that is no name of ours.
    pub fn parse(path: &str) -> Option<Self> {
        let (rendition, file) = path.split_once('/')?;
        let track = match rendition {
            "video" => TrackKind::Video,
            "audio" => TrackKind::Audio,
            _ => return None,
        };
        if let Some(target) = file
            .strip_prefix("index.")
            .and_then(|rest| rest.strip_suffix(".m3u8"))
        {
            let target = u32::try_from(number(target)?).ok()?;
            return Some(Self::Playlist { track, target });
        }
        if let Some(version) = file
            .strip_prefix("init.")
            .and_then(|rest| rest.strip_suffix(".mp4"))
        {
            return Some(Self::Init {
                track,
                version: number(version)?,
            });
        }
        let stem = file.strip_suffix(".m4s")?;
        if let Some(start) = stem.strip_prefix('t') {
            return Some(Self::SegmentAt {
                track,
                start: number(start)?,
            });
        }
        Some(match stem.split_once('.') {
            Some((segment, part)) => Self::Part {
                track,
                number: number(segment)?,
                part: usize::try_from(number(part)?).ok()?,
            },
            None => Self::Segment {
                track,
                number: number(stem)?,
            },
        })
    }

    pub(super) fn playlist_name(target: u32) -> String {
        format!("index.{target}.m3u8")
    }

    pub(super) fn init_name(version: u64) -> String {
        format!("init.{version}.mp4")
    }

    pub(super) fn segment_name(number: u64) -> String {
        format!("{number}.m4s")
    }

    pub(super) fn part_name(number: u64, part: usize) -> String {
        format!("{number}.{part}.m4s")
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Playlist { track, target } => write!(f, "{}/index.{target}.m3u8", folder(track)),
            Self::Init { track, version } => write!(f, "{}/init.{version}.mp4", folder(track)),
            Self::Segment { track, number } => write!(f, "{}/{number}.m4s", folder(track)),
            Self::Part {
                track,
                number,
                part,
            } => write!(f, "{}/{number}.{part}.m4s", folder(track)),
            Self::SegmentAt { track, start } => write!(f, "{}/t{start}.m4s", folder(track)),
        }
    }
}

/// The folder of a rendition.
pub(crate) fn folder(track: TrackKind) -> &'static str {
    match track {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
    }
}

/// A grant as it stands in a path: URL-safe, at most 256 characters. It is a secret, so it shows
/// itself only where a playlist is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GrantName<'a>(&'a str);

impl<'a> GrantName<'a> {
    /// Takes letters, digits, `-`, `_`, `~` and inner dots of a token; `None` for anything else.
    pub fn parse(grant: &'a str) -> Option<Self> {
        let safe =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.');
        let whole = (1..=256).contains(&grant.len()) && grant.bytes().all(safe);
        (whole && !grant.starts_with('.') && !grant.ends_with('.')).then_some(Self(grant))
    }

    /// The grant itself.
    pub fn expose(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for GrantName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantName(…)")
    }
}

/// A number in canonical decimal form.
pub(super) fn number(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_are_not_ours_are_refused() {
        for name in [
            "",
            "video",
            "video/",
            "video/..",
            "../video/1.m4s",
            "video/../1.m4s",
            "video//1.m4s",
            "video/01.m4s",
            "video/+1.m4s",
            "video/1.m4s\0",
            "video/%2e%2e",
            "video/1.2.3.m4s",
            "video/1..m4s",
            "video/.m4s",
            "video/99999999999999999999.m4s",
            "Video/1.m4s",
            "/video/1.m4s",
            "video/1.m4s/",
            "video/t-1.m4s",
            "video/index..m3u8",
            "video/index.99999999999.m3u8",
            "video/١.m4s",
            "text/1.m4s",
        ] {
            assert_eq!(Resource::parse(name), None, "{name}");
        }
        for grant in ["", "..", ".", "a/b", "a%2f", "a\n", ".a", "a\"b"] {
            assert_eq!(GrantName::parse(grant), None, "{grant}");
        }
    }

    proptest! {
        #[test]
        fn a_name_that_is_parsed_is_the_only_one_of_its_resource(path in ".{0,40}|video/[0-9.tindex]{0,12}\\.(m4s|mp4|m3u8)") {
            if let Some(resource) = Resource::parse(&path) {
                prop_assert_eq!(resource.to_string(), path);
            }
        }
    }
}
