//! A media engine without media.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    EngineSecret, GrantToken, IngestAddress, IngestCredential, IngestStatus, KeyOfChannel,
    MediaServer, MediaServerError, PlaybackAddress, PlaybackKind, Seat, SeatRequest, SeatRole,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{ChannelId, StreamId, StreamKeyId};
use greenroom_domain::stream::Generation;

use crate::builders::NOON;

/// What a [`FakeMediaServer`] was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaCall {
    /// Publishers of the stream up to this generation are cut off.
    CloseIngest(StreamId, Generation),
    /// The stream is over.
    End(ChannelId, StreamId),
    /// The stream's media are on another node; publishers up to this generation are cut off.
    HandOver(ChannelId, StreamId, Generation),
    /// Somebody's grants are worth nothing.
    RevokePlayback(ChannelId, Identity),
}

/// Writes down what it is told, and has the encoders that the test says it has.
#[derive(Debug, Default)]
pub struct FakeMediaServer(Mutex<Engine>);

#[derive(Debug, Default)]
struct Engine {
    calls: Vec<MediaCall>,
    encoders: HashMap<StreamId, IngestStatus>,
    failures: usize,
    has_rooms: bool,
    serves_whep: bool,
    /// How often a key's credentials were withdrawn.
    withdrawn: HashMap<StreamKeyId, usize>,
}

/// How long a seat's token opens the door.
const SEAT: Duration = Duration::from_secs(600);

/// The engine is told to fail.
#[derive(Debug)]
struct ToldToFail;

impl std::fmt::Display for ToldToFail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the test told it to fail")
    }
}

impl std::error::Error for ToldToFail {}

impl FakeMediaServer {
    /// All that it has done, in order; what failed is not among it.
    pub fn calls(&self) -> Vec<MediaCall> {
        self.engine().calls.clone()
    }

    /// How often it has done exactly this.
    pub fn count(&self, call: MediaCall) -> usize {
        self.calls().into_iter().filter(|it| *it == call).count()
    }

    /// It has rooms from now on, and whoever may sits down in them; encoders are given what it
    /// makes itself.
    pub fn open_rooms(&self) {
        self.engine().has_rooms = true;
    }

    /// It offers WHEP from now on, before everything else.
    pub fn serve_whep(&self) {
        self.engine().serves_whep = true;
    }

    /// Its next so many calls fail.
    pub fn fail(&self, times: usize) {
        self.engine().failures = times;
    }

    /// How many of those are still to come.
    pub fn failures_left(&self) -> usize {
        self.engine().failures
    }

    /// An encoder is connected here, and has sent nothing for so long.
    pub fn connect(&self, stream: StreamId, generation: Generation, silence: Duration) {
        let status = IngestStatus {
            generation,
            silence,
            bitrate: 4_000_000,
            video: None,
            audio: None,
        };
        self.engine().encoders.insert(stream, status);
    }

    /// The stream has no encoder here any more.
    pub fn disconnect(&self, stream: StreamId) {
        self.engine().encoders.remove(&stream);
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(&self, call: MediaCall) -> Result<MutexGuard<'_, Engine>, MediaServerError> {
        let mut engine = self.working()?;
        engine.calls.push(call);
        Ok(engine)
    }

    fn working(&self) -> Result<MutexGuard<'_, Engine>, MediaServerError> {
        let mut engine = self.engine();
        if engine.failures > 0 {
            engine.failures -= 1;
            return Err(MediaServerError(Box::new(ToldToFail)));
        }
        Ok(engine)
    }
}

#[async_trait]
impl MediaServer for FakeMediaServer {
    fn ingest_addresses(&self) -> Vec<IngestAddress> {
        vec![IngestAddress {
            protocol: "rtmp",
            url: "rtmp://localhost:1935/live".to_owned(),
        }]
    }

    fn playback_addresses(
        &self,
        handle: &Handle,
        grant: Option<GrantToken>,
    ) -> Vec<PlaybackAddress> {
        let grant = grant.map_or_else(String::new, |grant| format!("/{}", grant.expose()));
        let whep = self.engine().serves_whep.then(|| PlaybackAddress {
            kind: PlaybackKind::Whep,
            path: format!("/whep/{handle}{grant}"),
        });
        let playlists = [
            PlaybackAddress {
                kind: PlaybackKind::Hls,
                path: format!("/hls/{handle}{grant}/index.m3u8"),
            },
            PlaybackAddress {
                kind: PlaybackKind::Dash,
                path: format!("/dash/{handle}{grant}/index.mpd"),
            },
        ];
        whep.into_iter().chain(playlists).collect()
    }

    fn thumbnail_elsewhere(&self, handle: &Handle) -> Option<String> {
        Some(format!("/thumbnails/{handle}.jpg"))
    }

    async fn take_seat(&self, seat: SeatRequest) -> Result<Option<Seat>, MediaServerError> {
        if !self.working()?.has_rooms {
            return Ok(None);
        }
        let identity = match seat.role {
            SeatRole::Publisher(_) => seat.owner.to_string(),
            SeatRole::SelfView => format!("Host-{}", seat.owner),
            SeatRole::Viewer(Identity::User(id)) => id.to_string(),
            SeatRole::Viewer(Identity::Guest(id)) => format!("guest-{id}"),
        };
        Ok(Some(Seat {
            url: "wss://rooms.example".to_owned(),
            token: EngineSecret::new(format!("{identity} in {}", seat.channel)),
            identity,
            expires_at: NOON + SEAT,
        }))
    }

    async fn ingest_credentials(
        &self,
        key: KeyOfChannel,
    ) -> Result<Vec<IngestCredential>, MediaServerError> {
        let engine = self.working()?;
        if !engine.has_rooms {
            return Ok(Vec::new());
        }
        let key = key.key.key;
        let before = engine.withdrawn.get(&key).copied().unwrap_or_default();
        let made = |protocol, url: &str, expires_at| IngestCredential {
            protocol,
            url: url.to_owned(),
            secret: EngineSecret::new(format!("{protocol} for {key}, {before} before")),
            expires_at,
        };
        Ok(vec![
            made("rtmp", "rtmp://rooms.example/x", None),
            made("whip", "https://rooms.example/w", Some(NOON + SEAT)),
        ])
    }

    async fn withdraw_credentials(&self, key: StreamKeyId) -> Result<(), MediaServerError> {
        *self.working()?.withdrawn.entry(key).or_default() += 1;
        Ok(())
    }

    async fn ingest_status(
        &self,
        stream: StreamId,
    ) -> Result<Option<IngestStatus>, MediaServerError> {
        Ok(self.working()?.encoders.get(&stream).cloned())
    }

    async fn close_ingest(
        &self,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError> {
        let mut engine = self.act(MediaCall::CloseIngest(stream, up_to))?;
        engine
            .encoders
            .retain(|of, status| *of != stream || status.generation > up_to);
        Ok(())
    }

    async fn end(&self, channel: ChannelId, stream: StreamId) -> Result<(), MediaServerError> {
        self.act(MediaCall::End(channel, stream))?
            .encoders
            .remove(&stream);
        Ok(())
    }

    async fn hand_over(
        &self,
        channel: ChannelId,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError> {
        let mut engine = self.act(MediaCall::HandOver(channel, stream, up_to))?;
        engine
            .encoders
            .retain(|of, status| *of != stream || status.generation > up_to);
        Ok(())
    }

    async fn revoke_playback(
        &self,
        channel: ChannelId,
        who: Identity,
    ) -> Result<(), MediaServerError> {
        self.act(MediaCall::RevokePlayback(channel, who)).map(drop)
    }
}
