use greenroom_app::stream::join::Participants;
use greenroom_app::stream::playback::Playback;
use greenroom_app::stream::view::StreamView;
use greenroom_domain::account::User;
use greenroom_domain::channel::Channel;
use greenroom_domain::media::{
    AudioStatus, IngestStatus, PlaybackAddress, PlaybackKind, Seat, VideoStatus,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::stream::{EndReason, Ingest, StreamState};
use serde::Serialize;

use super::account::{UserJson, picture_url};

/// A stream as everybody may see it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Stream))]
pub struct StreamJson {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub channel: ChannelBriefJson,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub category: Option<String>,
    /// How far it is.
    pub status: StreamStatusJson,
    /// While live: `awaiting`, `publishing` or `interrupted`.
    pub ingest: Option<&'static str>,
    /// When it went on air, by RFC 3339.
    pub started_at: Option<String>,
    /// When it was over.
    pub ended_at: Option<String>,
    /// Why: `owner_ended`, `admin_ended`, `encoder_gone` or `no_media`.
    pub end_reason: Option<&'static str>,
    /// How many watch now.
    pub viewers: u64,
    /// How many watched at once at the most.
    pub peak_viewers: u64,
    /// How many have watched, each time they came.
    pub total_views: u64,
    /// How many messages its chat has seen.
    pub messages: u64,
    /// A frame of it while it is live, relative to the server's address or at the node that has
    /// its media; changes with the frame.
    pub thumbnail_url: Option<String>,
    /// Since when it is planned.
    pub created_at: String,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = StreamStatus))]
#[cfg_attr(feature = "graphql", derive(async_graphql::Enum))]
#[cfg_attr(feature = "graphql", graphql(name = "StreamStatus"))]
pub enum StreamStatusJson {
    /// Created ahead.
    Pending,
    /// On air.
    Live,
    /// Over, for good.
    Ended,
}

/// What a listing shows of a channel.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChannelBrief))]
pub struct ChannelBriefJson {
    /// Its id.
    pub id: String,
    /// As it stands in addresses.
    pub handle: String,
    /// What its streams are called.
    pub title: String,
    /// In which language.
    pub language: Option<String>,
    /// To be found by.
    pub tags: Vec<String>,
    /// What is shown where there is no stream, relative to the server's address.
    pub cover_url: Option<String>,
    /// Whose it is.
    pub owner: UserJson,
}

impl ChannelBriefJson {
    /// With whose it is.
    pub fn of(channel: &Channel, owner: &User) -> Self {
        Self {
            id: channel.id.to_string(),
            handle: channel.handle.to_string(),
            title: channel.title.to_string(),
            language: channel.language.as_ref().map(ToString::to_string),
            tags: channel.tags.iter().map(ToString::to_string).collect(),
            cover_url: channel.cover.map(picture_url),
            owner: UserJson::from(owner),
        }
    }
}

impl From<&StreamView> for StreamJson {
    fn from(view: &StreamView) -> Self {
        let (stream, channel) = (&view.stream, &view.channel);
        let ingest = match &stream.state {
            StreamState::Live { ingest, .. } => Some(ingest_text(ingest)),
            StreamState::Pending | StreamState::Ended { .. } => None,
        };
        let end = match stream.state {
            StreamState::Ended {
                ended_at, reason, ..
            } => Some((ended_at.to_rfc3339(), end_reason_text(reason))),
            StreamState::Pending | StreamState::Live { .. } => None,
        };
        let (ended_at, end_reason) = end.unzip();
        Self {
            id: stream.id.to_string(),
            channel: ChannelBriefJson::of(channel, &view.owner),
            title: stream.title.to_string(),
            category: stream.category.as_ref().map(ToString::to_string),
            status: StreamStatusJson::from(&stream.state),
            ingest,
            started_at: stream.started_at().map(Timestamp::to_rfc3339),
            ended_at,
            end_reason,
            viewers: view.viewers,
            peak_viewers: view.counts.peak,
            total_views: view.counts.views,
            messages: view.counts.messages,
            thumbnail_url: view.thumbnail.clone(),
            created_at: stream.created_at.to_rfc3339(),
        }
    }
}

impl From<&StreamState> for StreamStatusJson {
    fn from(state: &StreamState) -> Self {
        match state {
            StreamState::Pending => Self::Pending,
            StreamState::Live { .. } => Self::Live,
            StreamState::Ended { .. } => Self::Ended,
        }
    }
}

fn ingest_text(ingest: &Ingest) -> &'static str {
    match ingest {
        Ingest::Awaiting { .. } => "awaiting",
        Ingest::Publishing(_) => "publishing",
        Ingest::Interrupted { .. } => "interrupted",
    }
}

pub(crate) fn end_reason_text(reason: EndReason) -> &'static str {
    match reason {
        EndReason::OwnerEnded => "owner_ended",
        EndReason::AdminEnded => "admin_ended",
        EndReason::EncoderGone => "encoder_gone",
        EndReason::NoMedia => "no_media",
    }
}

/// Where a channel is played, by whoever asked.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = PlaybackAddress))]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "PlaybackAddress"))]
pub struct PlaybackAddressJson {
    /// `hls`, `dash`, `whep`, or `livekit`: a room to connect to. What stands first suits best.
    pub kind: &'static str,
    /// With a grant for whoever asked; a path where the server knows no public address.
    pub url: String,
    /// What opens the room.
    pub token: Option<String>,
    /// As whom.
    pub identity: Option<String>,
    /// Until when; who is inside by then stays.
    pub expires_at: Option<String>,
}

impl PlaybackAddressJson {
    /// All the ways in which a channel is played.
    pub(crate) fn all(playback: &Playback, url: impl Fn(&str) -> String) -> Vec<Self> {
        let addresses = playback.addresses.iter().map(|it| Self::of(it, &url));
        addresses
            .chain(playback.seat.as_ref().map(Self::seat))
            .collect()
    }

    /// A seat in a room.
    pub fn seat(seat: &Seat) -> Self {
        Self {
            kind: "livekit",
            url: seat.url.clone(),
            token: Some(seat.token.expose().to_owned()),
            identity: Some(seat.identity.clone()),
            expires_at: Some(seat.expires_at.to_rfc3339()),
        }
    }

    /// `url` makes an address of a path.
    pub fn of(address: &PlaybackAddress, url: impl Fn(&str) -> String) -> Self {
        Self {
            kind: match address.kind {
                PlaybackKind::Hls => "hls",
                PlaybackKind::Dash => "dash",
                PlaybackKind::Whep => "whep",
            },
            url: url(&address.path),
            token: None,
            identity: None,
            expires_at: None,
        }
    }
}

/// Who watches a stream.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Viewers))]
pub struct ViewersJson {
    /// How many, guests and all.
    pub viewers: u64,
    /// Some of those with an account.
    pub users: Vec<UserJson>,
}

impl From<&Participants> for ViewersJson {
    fn from(participants: &Participants) -> Self {
        Self {
            viewers: participants.viewers,
            users: participants.users.iter().map(UserJson::from).collect(),
        }
    }
}

/// How a stream's encoder is doing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = IngestStatus))]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "IngestStatus"))]
pub struct IngestStatusJson {
    /// For how long it has sent nothing, in milliseconds.
    pub silence_ms: u64,
    /// Bits a second over the last few seconds.
    pub bitrate: u64,
    /// Its picture.
    pub video: Option<VideoStatusJson>,
    /// Its sound.
    pub audio: Option<AudioStatusJson>,
}

/// How an encoder's picture is doing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = VideoStatus))]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "VideoStatus"))]
pub struct VideoStatusJson {
    /// As RFC 6381 names it.
    pub codec: String,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames a second.
    pub frame_rate: f32,
    /// From key frame to key frame, in milliseconds.
    pub key_frame_interval_ms: Option<u64>,
}

/// How an encoder's sound is doing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = AudioStatus))]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "AudioStatus"))]
pub struct AudioStatusJson {
    /// As RFC 6381 names it.
    pub codec: String,
    /// In hertz.
    pub sample_rate: u32,
    /// How many.
    pub channels: u16,
}

impl From<&IngestStatus> for IngestStatusJson {
    fn from(status: &IngestStatus) -> Self {
        let millis =
            |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let video = |video: &VideoStatus| VideoStatusJson {
            codec: video.codec.clone(),
            width: video.width,
            height: video.height,
            frame_rate: video.frame_rate,
            key_frame_interval_ms: video.key_frame_interval.map(millis),
        };
        let audio = |audio: &AudioStatus| AudioStatusJson {
            codec: audio.codec.clone(),
            sample_rate: audio.sample_rate,
            channels: audio.channels,
        };
        Self {
            silence_ms: millis(status.silence),
            bitrate: status.bitrate,
            video: status.video.as_ref().map(video),
            audio: status.audio.as_ref().map(audio),
        }
    }
}
