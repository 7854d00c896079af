//! What an egress is asked for.

use greenroom_domain::shared::id::{RecordingId, UserId};
use livekit_protocol::audio_route::Match;
use livekit_protocol::media_source::Video;
use livekit_protocol::output::Config;
use livekit_protocol::start_egress_request::{Encoding, Source};
use livekit_protocol::{
    AudioConfig, AudioRoute, EncodedFileType, EncodingOptions, FileOutput, MediaSource, Output,
    ParticipantInfo, ParticipantVideo, StartEgressRequest, TrackInfo, TrackSource, TrackType,
    VideoCodec,
};

use super::RecordingOptions;
use crate::identity::{self, Who};
use crate::token;

/// Of a publisher who has not said how large the picture is.
const USUAL: (u32, u32) = (1280, 720);
/// What the longer side has at most, in pixels.
const LONGEST: u32 = 1920;
const FRAME_RATE: i32 = 30;
/// Seconds from one key frame to the next, for whoever looks for a place in it.
const KEY_FRAMES: f64 = 2.0;
/// Hertz: what sound by WebRTC has, so that nothing is resampled.
const SOUND_RATE: i32 = 48_000;

/// Who publishes in a room with one of its owner's keys; who came last, while one takes over
/// from another.
pub(super) fn publisher(people: &[ParticipantInfo], owner: UserId) -> Option<&ParticipantInfo> {
    let publishes = |person: &&ParticipantInfo| {
        identity::read(&person.identity, person.kind(), owner) == Who::Publisher
            && token::key_in(&person.metadata).is_some()
            && !person.tracks.is_empty()
    };
    let publishing = people.iter().filter(publishes);
    publishing.max_by_key(|person| (person.joined_at, person.joined_at_ms))
}

/// Everything that this publisher sends, in one file. It waits for who drops out and comes back
/// by the same name.
pub(super) fn of_publisher(
    options: &RecordingOptions,
    room: UserId,
    publisher: &ParticipantInfo,
    recording: RecordingId,
) -> StartEgressRequest {
    let is_picture = |track: &&TrackInfo| track.r#type() == TrackType::Video;
    let picture = publisher.tracks.iter().find(is_picture);
    let is_screen = picture.is_some_and(|track| track.source() == TrackSource::ScreenShare);
    let name = &publisher.identity;
    let media = MediaSource {
        video: Some(Video::ParticipantVideo(ParticipantVideo {
            identity: name.clone(),
            prefer_screen_share: is_screen,
        })),
        audio: Some(AudioConfig {
            routes: vec![AudioRoute {
                r#match: Some(Match::ParticipantIdentity(name.clone())),
                ..AudioRoute::default()
            }],
            ..AudioConfig::default()
        }),
    };
    let file = FileOutput {
        file_type: EncodedFileType::Mp4.into(),
        filepath: options.path_of(recording),
        disable_manifest: true,
    };
    StartEgressRequest {
        room_name: room.to_string(),
        source: Some(Source::Media(media)),
        encoding: Some(Encoding::Advanced(encoding(options, picture))),
        outputs: vec![Output {
            config: Some(Config::File(file)),
            storage: None,
        }],
        storage: options.storage(),
        ..StartEgressRequest::default()
    }
}

fn encoding(options: &RecordingOptions, picture: Option<&TrackInfo>) -> EncodingOptions {
    let (width, height) = size(picture);
    let is_large = width * height > USUAL.0 * USUAL.1;
    let pixels = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    EncodingOptions {
        width: pixels(width),
        height: pixels(height),
        framerate: FRAME_RATE,
        key_frame_interval: KEY_FRAMES,
        // In kbit/s, as LiveKit's own presets have it.
        video_bitrate: if is_large { 4500 } else { 3000 },
        video_codec: VideoCodec::H264Main.into(),
        audio_codec: options.codec().into(),
        audio_frequency: SOUND_RATE,
        ..EncodingOptions::default()
    }
}

/// The picture's size, smaller if it is very large, in even numbers.
fn size(picture: Option<&TrackInfo>) -> (u32, u32) {
    let (width, height) = picture.map_or((0, 0), |track| (track.width, track.height));
    if width.min(height) < 16 || width.max(height) > 1 << 14 {
        return USUAL;
    }
    let longer = width.max(height).max(LONGEST);
    let even = |side: u32| ((side * LONGEST / longer) & !1).max(16);
    (even(width), even(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_large_as_the_picture_up_to_a_limit() {
        let of = |width, height| {
            let track = TrackInfo {
                width,
                height,
                ..TrackInfo::default()
            };
            size(Some(&track))
        };
        assert_eq!(of(1920, 1080), (1920, 1080));
        assert_eq!(of(640, 361), (640, 360));
        assert_eq!(of(720, 1280), (720, 1280));
        assert_eq!(of(3840, 2160), (1920, 1080));
        assert_eq!(of(2160, 3840), (1080, 1920));
        assert_eq!(of(5120, 16), (1920, 16));
        for odd in [of(0, 0), of(8, 720), of(u32::MAX, u32::MAX), size(None)] {
            assert_eq!(odd, USUAL);
        }
    }
}
