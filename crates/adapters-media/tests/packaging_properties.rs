//! Whatever an encoder sends, playlists keep their promises.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "whole numbers read from a playlist"
)]

use bytes::Bytes;
use greenroom_adapters_media::cmaf::{Limits, Packager};
use greenroom_adapters_media::codec::{Codec, CodecConfig, MediaParams};
use greenroom_adapters_media::frame::{Frame, TrackKind};
use proptest::prelude::*;
use std::collections::HashMap;

const BASELINE: &[u8] = &[
    1, 66, 0, 31, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 31, 1, 0, 2, 0x68, 1,
];

fn picture(width: u16) -> CodecConfig {
    CodecConfig {
        codec: Codec::Avc,
        record: Bytes::from_static(BASELINE),
        rfc6381: "avc1.42001f".into(),
        media: MediaParams::Video {
            width,
            height: 180,
            frame_rate: None,
        },
    }
}

fn sound(sample_rate: u32) -> CodecConfig {
    CodecConfig {
        codec: Codec::Aac,
        record: Bytes::from_static(&[0x12, 0x10]),
        rfc6381: "mp4a.40.2".into(),
        media: MediaParams::Audio {
            sample_rate,
            channels: 2,
            samples_per_frame: 1024,
        },
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Pictures at this interval, the first one a key frame, each with sound beside it.
    Group {
        frames: u16,
        interval: u8,
        cts: i16,
        sound: bool,
    },
    Sound {
        frames: u8,
    },
    Wait {
        millis: u16,
    },
    Jump {
        to: i64,
    },
    Resize {
        width: u16,
    },
    Resample {
        rate: u32,
    },
    Interrupt {
        millis: u16,
        video: bool,
        audio: bool,
    },
    End,
}

fn step() -> impl Strategy<Value = Step> {
    let group = (
        1..200_u16,
        5..120_u8,
        -50..200_i16,
        prop::bool::weighted(0.9),
    );
    prop_oneof![
        20 => group.prop_map(|(frames, interval, cts, sound)| Step::Group { frames, interval, cts, sound }),
        2 => (1..200_u8).prop_map(|frames| Step::Sound { frames }),
        2 => (0..8000_u16).prop_map(|millis| Step::Wait { millis }),
        1 => (-100_000..100_000_i64).prop_map(|to| Step::Jump { to }),
        1 => (100..105_u16).prop_map(|width| Step::Resize { width }),
        1 => prop::sample::select(vec![44_100, 48_000]).prop_map(|rate| Step::Resample { rate }),
        2 => (0..20_000_u16, prop::bool::weighted(0.8), prop::bool::weighted(0.8))
            .prop_map(|(millis, video, audio)| Step::Interrupt { millis, video, audio }),
        1 => Just(Step::End),
    ]
}

struct Encoder {
    packager: Packager,
    now: i64,
    dts: i64,
    sound: i64,
    rate: u32,
    seen: Seen,
}

impl Encoder {
    fn new() -> Self {
        let now = 1_780_000_000_123;
        let mut packager = Packager::new(Limits::default(), now);
        packager.config(picture(320));
        packager.config(sound(48_000));
        Self {
            packager,
            now,
            dts: 0,
            sound: 0,
            rate: 48_000,
            seen: Seen::default(),
        }
    }

    fn send(&mut self, track: TrackKind, dts: i64, cts: i32, keyframe: bool) {
        let frame = Frame {
            track,
            dts,
            cts,
            keyframe,
            data: Bytes::from_static(&[7; 40]),
        };
        let _ = self.packager.frame(frame, self.now);
        self.seen.check(&self.packager);
    }

    fn pass(&mut self, millis: i64) {
        self.dts += millis;
        self.now += millis;
    }

    fn sound_until_now(&mut self) {
        while self.sound <= self.dts {
            self.send(TrackKind::Audio, self.sound, 0, true);
            self.sound += 1024 * 1000 / i64::from(self.rate);
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Group {
                frames,
                interval,
                cts,
                sound,
            } => {
                for index in 0..frames {
                    let offset = if index % 3 == 1 { 0 } else { i32::from(cts) };
                    self.send(TrackKind::Video, self.dts, offset, index == 0);
                    self.pass(interval.into());
                    if sound {
                        self.sound_until_now();
                    }
                }
                self.sound = self.sound.max(self.dts);
            }
            Step::Sound { frames } => {
                for _ in 0..frames {
                    self.pass(21);
                    self.sound_until_now();
                }
            }
            Step::Wait { millis } => {
                self.pass(millis.into());
                self.sound = self.dts;
            }
            Step::Jump { to } => (self.dts, self.sound) = (to, to),
            Step::Resize { width } => self.packager.config(picture(width)),
            Step::Resample { rate } => {
                self.rate = rate;
                self.packager.config(sound(rate));
            }
            Step::Interrupt {
                millis,
                video,
                audio,
            } => {
                let _ = self.packager.interrupt();
                self.now += i64::from(millis);
                (self.dts, self.sound) = (0, 0);
                if video {
                    self.packager.config(picture(320));
                }
                if audio {
                    self.packager.config(sound(self.rate));
                }
            }
            Step::End => {
                let _ = self.packager.end();
                self.packager.config(picture(320));
                self.packager.config(sound(self.rate));
            }
        }
        self.seen.check(&self.packager);
    }
}

/// What was promised before.
#[derive(Default)]
struct Seen {
    last: HashMap<TrackKind, (u64, u64)>,
    whole: HashMap<(TrackKind, u64), String>,
    discontinuity: HashMap<u64, u64>,
    rendered: HashMap<TrackKind, Bytes>,
    whole_segments: usize,
}

impl Seen {
    fn check(&mut self, packager: &Packager) {
        let Some(target) = packager.target() else {
            return;
        };
        for track in [TrackKind::Video, TrackKind::Audio] {
            let Some(playlist) = packager.playlist(track, target) else {
                continue;
            };
            if self.rendered.get(&track) == Some(&playlist) {
                continue;
            }
            self.rendered.insert(track, playlist.clone());
            self.playlist(track, std::str::from_utf8(&playlist).expect("text"), target);
            Self::window(packager, track);
        }
    }

    fn playlist(&mut self, track: TrackKind, playlist: &str, target: u32) {
        let value = |tag: &str| -> f64 {
            let line = playlist.lines().find_map(|line| line.strip_prefix(tag));
            line.and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("{tag} in\n{playlist}"))
        };
        assert!(playlist.starts_with("#EXTM3U\n"));
        assert_eq!(value("#EXT-X-TARGETDURATION:"), f64::from(target));
        let part_target = value("#EXT-X-PART-INF:PART-TARGET=");
        let mut number = value("#EXT-X-MEDIA-SEQUENCE:") as u64;
        let mut discontinuities = value("#EXT-X-DISCONTINUITY-SEQUENCE:") as u64;
        let last = self.last.entry(track).or_default();
        assert!(
            number >= last.0,
            "the media sequence went back:\n{playlist}"
        );
        assert!(
            discontinuities >= last.1,
            "the discontinuity sequence went back:\n{playlist}"
        );
        *last = (number, discontinuities);
        let (mut map, mut gap) = (false, false);
        for line in playlist.lines() {
            if line == "#EXT-X-DISCONTINUITY" {
                (discontinuities, map) = (discontinuities + 1, false);
            } else if line.starts_with("#EXT-X-MAP:") {
                map = true;
            } else if line == "#EXT-X-GAP" {
                gap = true;
            } else if let Some(part) = line.strip_prefix("#EXT-X-PART:DURATION=") {
                let (duration, uri) = part.split_once(',').expect("a URI");
                assert!(
                    duration.parse::<f64>().expect("a duration") <= part_target + 1e-5,
                    "{line}\n{playlist}"
                );
                assert!(
                    uri.starts_with(&format!("URI=\"{number}.")),
                    "{line} is no part of {number}\n{playlist}"
                );
                assert!(map, "a part without an init segment\n{playlist}");
            } else if let Some(duration) = line.strip_prefix("#EXTINF:") {
                let duration: f64 = duration.trim_end_matches(',').parse().expect("a duration");
                assert!(duration.round() <= f64::from(target), "{line}\n{playlist}");
                let known = self
                    .whole
                    .entry((track, number))
                    .or_insert_with(|| line.to_owned());
                assert_eq!(known, line, "segment {number} changed");
                let known = *self.discontinuity.entry(number).or_insert(discontinuities);
                assert_eq!(
                    known, discontinuities,
                    "{track:?} {number} is aligned\n{playlist}"
                );
                assert!(map || gap, "a segment without an init segment\n{playlist}");
            } else if !line.starts_with('#') {
                assert_eq!(
                    line,
                    format!("{number}.m4s"),
                    "numbers follow each other\n{playlist}"
                );
                (number, gap) = (number + 1, false);
                self.whole_segments += 1;
            }
        }
    }

    fn window(packager: &Packager, track: TrackKind) {
        let rendition = packager.rendition(track).expect("it has a playlist");
        let mut before: Option<(i64, u64, u32)> = None;
        for segment in rendition.segments() {
            let end = segment.end() * 1000 / u64::from(segment.timescale);
            if let Some((end, ticks, timescale)) = before {
                assert!(
                    segment.start_millis() >= end - 1,
                    "{track:?} {} begins too early",
                    segment.number
                );
                if !segment.discontinuity && timescale == segment.timescale {
                    assert!(
                        segment.start >= ticks,
                        "{track:?} {} overlaps",
                        segment.number
                    );
                    if track == TrackKind::Video && !segment.is_gap() {
                        assert_eq!(
                            segment.start, ticks,
                            "picture {} is not continuous",
                            segment.number
                        );
                    }
                }
            }
            let mut decode = 0;
            for part in &segment.parts {
                let at = decode_time(&part.data);
                assert!(at >= decode, "{track:?} {} goes back", segment.number);
                decode = at + part.duration;
            }
            before = Some((
                i64::try_from(end).expect("a time"),
                segment.end(),
                segment.timescale,
            ));
        }
    }
}

/// `tfdt` stands at a fixed place in our fragments.
fn decode_time(part: &[u8]) -> u64 {
    let at = part
        .windows(4)
        .position(|name| name == b"tfdt")
        .expect("a tfdt");
    u64::from_be_bytes(part[at + 8..at + 16].try_into().expect("eight bytes"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn playlists_keep_their_promises(steps in prop::collection::vec(step(), 1..40)) {
        let mut encoder = Encoder::new();
        for step in steps {
            encoder.step(&step);
        }
    }
}

/// So that the property above is not kept by silence.
#[test]
fn an_ordinary_stream_is_listed() {
    let mut encoder = Encoder::new();
    for _ in 0..20 {
        encoder.step(&Step::Group {
            frames: 60,
            interval: 33,
            cts: 66,
            sound: true,
        });
    }
    assert!(
        encoder.seen.whole_segments > 200,
        "{}",
        encoder.seen.whole_segments
    );
    assert_eq!(encoder.packager.target(), Some(2));
}
