//! Reconnects, restarts and encoders with habits.

use bytes::Bytes;
use greenroom_adapters_media::cmaf::{Limits, Packager, PackagerError, Rendition};
use greenroom_adapters_media::codec::{Codec, CodecConfig, MediaParams};
use greenroom_adapters_media::dash;
use greenroom_adapters_media::frame::{Frame, TrackKind};
use greenroom_adapters_media::hls::{GrantName, multivariant_playlist};

const NOW: i64 = 1_780_000_000_000;

fn picture(width: u16) -> CodecConfig {
    let record = [
        1, 66, 0, 31, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 31, 1, 0, 2, 0x68, 1,
    ];
    CodecConfig {
        codec: Codec::Avc,
        record: Bytes::copy_from_slice(&record),
        rfc6381: "avc1.42001f".into(),
        media: MediaParams::Video {
            width,
            height: 180,
            frame_rate: None,
        },
    }
}

fn sound() -> CodecConfig {
    CodecConfig {
        codec: Codec::Aac,
        record: Bytes::from_static(&[0x12, 0x10]),
        rfc6381: "mp4a.40.2".into(),
        media: MediaParams::Audio {
            sample_rate: 48_000,
            channels: 2,
            samples_per_frame: 1024,
        },
    }
}

/// An encoder at 25 frames a second whose clock starts at zero.
struct Encoder {
    packager: Packager,
    now: i64,
    dts: i64,
    sound: i64,
    /// What it sends: pictures, sound.
    tracks: (bool, bool),
}

impl Encoder {
    fn new(now: i64, tracks: (bool, bool)) -> Self {
        let mut encoder = Self {
            packager: Packager::new(Limits::default(), now),
            now,
            dts: 0,
            sound: 0,
            tracks,
        };
        encoder.connect();
        encoder
    }

    fn connect(&mut self) {
        (self.dts, self.sound) = (0, 0);
        if self.tracks.0 {
            self.packager.config(picture(320));
        }
        if self.tracks.1 {
            self.packager.config(sound());
        }
    }

    fn send(&mut self, seconds: i64, group: i64) -> Result<(), PackagerError> {
        let frame = |track, dts, keyframe| Frame {
            track,
            dts,
            cts: 0,
            keyframe,
            data: Bytes::from_static(&[7; 400]),
        };
        for index in 0..seconds * 25 {
            if self.tracks.0 {
                let key = index % (group * 25) == 0;
                let _ = self
                    .packager
                    .frame(frame(TrackKind::Video, self.dts, key), self.now)?;
            }
            self.dts += 40;
            self.now += 40;
            while self.tracks.1 && self.sound < self.dts * 48 {
                let _ = self
                    .packager
                    .frame(frame(TrackKind::Audio, self.sound / 48, true), self.now)?;
                self.sound += 1024;
            }
        }
        Ok(())
    }

    fn playlist(&self, track: TrackKind, target: u32) -> String {
        let playlist = self.packager.playlist(track, target).expect("a playlist");
        String::from_utf8(playlist.to_vec()).expect("text")
    }

    fn multivariant(&self) -> Option<String> {
        multivariant_playlist(
            &self.packager,
            GrantName::parse("grant").expect("a good name"),
        )
    }

    fn manifest(&self) -> String {
        let now = chrono::DateTime::from_timestamp_millis(self.now).expect("a time");
        let grant = GrantName::parse("grant").expect("a good name");
        dash::manifest(&self.packager, grant, "/dash/clock", now).expect("playable")
    }
}

fn tag(playlist: &str, tag: &str) -> u64 {
    let value = playlist.lines().find_map(|line| line.strip_prefix(tag));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("{tag} in\n{playlist}"))
}

/// Names of the segments before which a discontinuity stands.
fn discontinuities(playlist: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = false;
    for line in playlist.lines() {
        pending |= line == "#EXT-X-DISCONTINUITY";
        if pending && !line.starts_with('#') {
            found.push(line.to_owned());
            pending = false;
        }
    }
    found
}

const SEQUENCE: &str = "#EXT-X-MEDIA-SEQUENCE:";
const DISCONTINUITIES: &str = "#EXT-X-DISCONTINUITY-SEQUENCE:";

#[test]
fn a_reconnect_is_a_discontinuity_at_the_same_place_everywhere_and_a_new_period() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(7, 2).expect("good");
    let _ = encoder.packager.interrupt();
    let (video, audio) = (
        encoder.playlist(TrackKind::Video, 2),
        encoder.playlist(TrackKind::Audio, 2),
    );
    encoder.now += 9_000;
    encoder.connect();
    encoder.send(5, 2).expect("good");
    let (video_after, audio_after) = (
        encoder.playlist(TrackKind::Video, 2),
        encoder.playlist(TrackKind::Audio, 2),
    );
    assert_eq!(discontinuities(&video_after), discontinuities(&audio_after));
    assert_eq!(discontinuities(&video_after).len(), 2, "{video_after}");
    assert_eq!(tag(&video, SEQUENCE), tag(&audio, SEQUENCE));
    assert!(tag(&video_after, SEQUENCE) >= tag(&video, SEQUENCE));
    assert_eq!(
        video_after.matches("#EXT-X-MAP:").count(),
        2,
        "{video_after}"
    );
    let starts = video_after
        .matches("#EXT-X-PROGRAM-DATE-TIME:2026-05-28T20:26:56.000Z")
        .count();
    assert_eq!(starts, 1, "16 s after the beginning\n{video_after}");
    let manifest = encoder.manifest();
    assert_eq!(manifest.matches("<Period ").count(), 2, "{manifest}");
    assert!(
        manifest.contains("start=\"PT1780000016.000S\""),
        "{manifest}"
    );
    assert!(!video_after.contains("ENDLIST"));
}

#[test]
fn discontinuities_that_leave_the_window_are_counted() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(5, 2).expect("good");
    let first = tag(&encoder.playlist(TrackKind::Video, 2), DISCONTINUITIES);
    let _ = encoder.packager.interrupt();
    encoder.connect();
    encoder.send(40, 2).expect("good");
    for track in [TrackKind::Video, TrackKind::Audio] {
        assert_eq!(tag(&encoder.playlist(track, 2), DISCONTINUITIES), first + 2);
        assert_eq!(
            encoder
                .playlist(track, 2)
                .matches("#EXT-X-DISCONTINUITY\n")
                .count(),
            0
        );
    }
}

#[test]
fn a_server_that_starts_again_goes_on_at_the_same_address_with_later_numbers() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(60, 2).expect("good");
    let before = encoder.playlist(TrackKind::Video, 2);
    let last = encoder
        .packager
        .rendition(TrackKind::Video)
        .and_then(Rendition::position)
        .expect("one")
        .number;
    let mut again = Encoder::new(encoder.now + 500, (true, true));
    again.send(5, 2).expect("good");
    let after = again.playlist(TrackKind::Video, 2);
    assert!(tag(&after, SEQUENCE) > last, "{after}");
    // Discontinuities are counted from low down: hls.js walks through an array of this length
    // with each reload. It goes on by itself where a restart brings a smaller count; a day later
    // there is none.
    assert!(tag(&after, DISCONTINUITIES) < 100_000, "{after}");
    let mut later = Encoder::new(encoder.now + 24 * 3_600_000, (true, true));
    later.send(5, 2).expect("good");
    let later = later.playlist(TrackKind::Video, 2);
    assert!(tag(&later, DISCONTINUITIES) > tag(&before, DISCONTINUITIES));
    assert_eq!(discontinuities(&after).len(), 1);
    // Also for a player whose address was that of longer groups.
    assert_eq!(
        tag(
            &again.playlist(TrackKind::Video, 8),
            "#EXT-X-TARGETDURATION:"
        ),
        8
    );
    assert!(
        again
            .playlist(TrackKind::Video, 8)
            .contains("../audio/index.8.m3u8")
    );
}

#[test]
fn groups_of_eight_seconds_work_and_longer_ones_get_a_new_address() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(7, 2).expect("good");
    assert!(
        encoder
            .multivariant()
            .expect("playable")
            .contains("video/index.2.m3u8")
    );
    encoder.send(20, 8).expect("good");
    for track in [TrackKind::Video, TrackKind::Audio] {
        let old = encoder.playlist(track, 2);
        assert_eq!(tag(&old, "#EXT-X-TARGETDURATION:"), 2);
        assert!(old.contains("#EXT-X-ENDLIST"), "{old}");
        let new = encoder.playlist(track, 8);
        assert_eq!(tag(&new, "#EXT-X-TARGETDURATION:"), 8);
        assert!(!new.contains("ENDLIST"));
    }
    assert!(
        encoder
            .multivariant()
            .expect("playable")
            .contains("video/index.8.m3u8")
    );
}

#[test]
fn groups_over_twelve_seconds_are_refused() {
    let mut encoder = Encoder::new(NOW, (true, true));
    assert!(matches!(
        encoder.send(20, 15),
        Err(PackagerError::GroupTooLong)
    ));
    assert_eq!(encoder.multivariant(), None);
    assert!(encoder.packager.playlist(TrackKind::Video, 12).is_none());
}

#[test]
fn sound_alone_and_pictures_alone_are_streams() {
    let mut encoder = Encoder::new(NOW, (false, true));
    encoder.send(7, 2).expect("good");
    let multivariant = encoder.multivariant().expect("playable");
    assert!(
        multivariant.contains("CODECS=\"mp4a.40.2\"\ng/grant/audio/index.2.m3u8"),
        "{multivariant}"
    );
    assert!(!multivariant.contains("EXT-X-MEDIA"), "{multivariant}");
    assert_eq!(encoder.manifest().matches("<AdaptationSet").count(), 1);

    let mut encoder = Encoder::new(NOW, (true, false));
    encoder.send(7, 2).expect("good");
    let multivariant = encoder.multivariant().expect("playable");
    assert!(
        multivariant.contains("CODECS=\"avc1.42001f\",RESOLUTION=320x180,FRAME-RATE=25.000\n"),
        "{multivariant}"
    );
}

#[test]
fn a_new_resolution_is_a_new_init_segment_without_a_discontinuity() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(6, 2).expect("good");
    encoder.packager.config(picture(640));
    encoder.send(4, 2).expect("good");
    let playlist = encoder.playlist(TrackKind::Video, 2);
    assert_eq!(playlist.matches("#EXT-X-MAP:").count(), 2, "{playlist}");
    assert_eq!(discontinuities(&playlist).len(), 1, "only the first");
    let manifest = encoder.manifest();
    assert_eq!(manifest.matches("<Period ").count(), 2, "{manifest}");
    assert!(
        manifest.contains("width=\"320\"") && manifest.contains("width=\"640\""),
        "{manifest}"
    );
}

#[test]
fn timestamps_that_start_again_are_a_new_era_on_the_wall_clock() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(60, 2).expect("good");
    (encoder.dts, encoder.sound) = (0, 0);
    encoder.send(6, 2).expect("good");
    for track in [TrackKind::Video, TrackKind::Audio] {
        let playlist = encoder.playlist(track, 2);
        assert_eq!(discontinuities(&playlist).len(), 1, "{playlist}");
        let rendition = encoder.packager.rendition(track).expect("there");
        let mut end = 0;
        for segment in rendition.segments() {
            assert!(segment.start_millis() + 1 >= end, "never back");
            end =
                i64::try_from(segment.end() * 1000 / u64::from(segment.timescale)).expect("a time");
        }
        assert!(
            (encoder.now - end).abs() < 400,
            "{track:?} ends {} ms from now",
            encoder.now - end
        );
    }
}

#[test]
fn memory_is_bounded_by_bytes() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.packager = Packager::new(
        Limits {
            window_bytes: 100_000,
            segment_bytes: 60_000,
        },
        NOW,
    );
    encoder.connect();
    encoder.send(60, 2).expect("good");
    let held = |encoder: &Encoder| -> usize {
        let tracks = [TrackKind::Video, TrackKind::Audio];
        tracks
            .into_iter()
            .filter_map(|track| encoder.packager.rendition(track))
            .map(Rendition::bytes)
            .sum()
    };
    assert!(held(&encoder) < 200_000, "{}", held(&encoder));
    assert!(matches!(
        encoder.send(12, 12),
        Err(PackagerError::BitrateTooHigh)
    ));
}

/// Found by the property test: a gap in the sound counts, too.
#[test]
fn sound_that_pauses_while_pictures_are_away_does_not_outgrow_the_target_duration() {
    let mut encoder = Encoder::new(NOW, (true, true));
    encoder.send(7, 2).expect("good");
    encoder.tracks.0 = false;
    encoder.send(1, 2).expect("good");
    encoder.dts += 1_400;
    encoder.now += 1_400;
    encoder.sound = encoder.dts * 48;
    encoder.send(2, 2).expect("good");
    let _ = encoder.packager.interrupt();
    let sound = encoder.packager.rendition(TrackKind::Audio).expect("there");
    for segment in sound.segments() {
        assert!(segment.seconds() < 2.5, "{}", segment.seconds());
    }
}
