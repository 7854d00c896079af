//! The engine: the application's [`MediaServer`] on LiveKit.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_domain::channel::{Channels, Handle};
use greenroom_domain::media::{
    AudioStatus, EngineSecret, GrantToken, IngestAddress, IngestCredential, IngestStatus,
    KeyOfChannel, MediaEvent, MediaEvents, MediaServer, MediaServerError, PlaybackAddress, Seat,
    SeatRequest, SeatRole, VideoStatus,
};
use greenroom_domain::recording::Recorder;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Clock;
use greenroom_domain::shared::id::{ChannelId, StreamId, StreamKeyId, UserId};
use greenroom_domain::stream::Generation;
use livekit_api::access_token::TokenVerifier;
use livekit_api::webhooks::WebhookReceiver;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Options;
use crate::api::{Api, CallError};
use crate::check::{self, CheckError};
use crate::recording::Egress;
use crate::rooms::{Recent, Rooms, Track};
use crate::settle::{stream_in, warn};
use crate::token;
use crate::wanted::Wanted;
use crate::webhook::News;

/// How many deliveries may wait.
const WAITING: usize = 4096;
/// How many rooms are worked on at once.
const AT_ONCE: usize = 64;
/// For how long an event is known by its id: for longer than its signature is good.
const DELIVERED_FOR: Duration = Duration::from_secs(900);
const DELIVERED_MOST: usize = 100_000;
/// How soon LiveKit is asked again that did not answer.
const AGAIN: Duration = Duration::from_secs(2);

/// LiveKit as the application's media engine.
pub struct LiveKit {
    pub(crate) options: Options,
    pub(crate) api: Api,
    pub(crate) channels: Arc<dyn Channels>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: OnceLock<Arc<dyn MediaEvents>>,
    pub(crate) rooms: Mutex<Rooms>,
    pub(crate) wanted: Mutex<Wanted>,
    pub(crate) receiver: WebhookReceiver,
    pub(crate) delivered: Mutex<Recent>,
    pub(crate) heard: mpsc::Sender<News>,
    hearing: Mutex<Option<mpsc::Receiver<News>>>,
    pub(crate) turns: Semaphore,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl LiveKit {
    /// An engine that does nothing yet. A creator's room is found by their channel.
    pub fn new(options: Options, channels: Arc<dyn Channels>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let (heard, hearing) = mpsc::channel(WAITING);
        let (key, secret) = options.keys();
        Arc::new(Self {
            api: Api::new(&options),
            receiver: WebhookReceiver::new(TokenVerifier::with_api_key(key, secret)),
            channels,
            clock,
            events: OnceLock::new(),
            rooms: Mutex::default(),
            wanted: Mutex::new(Wanted::new(options.room_kept, options.held)),
            delivered: Mutex::new(Recent::new(DELIVERED_FOR, DELIVERED_MOST)),
            heard,
            hearing: Mutex::new(Some(hearing)),
            turns: Semaphore::new(AT_ONCE),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            options,
        })
    }

    /// Whether LiveKit is where it is said to be, and takes the key.
    pub async fn check(options: &Options) -> Result<(), CheckError> {
        check::check(options).await
    }

    /// The recorder, if recordings are [configured](Options::recording). One is enough.
    pub fn recorder(self: &Arc<Self>) -> Option<Arc<dyn Recorder>> {
        let options = self.options.recording.clone()?;
        Some(Arc::new(Egress::new(Arc::clone(self), options)))
    }

    /// Whether LiveKit can record. Whether its egress service is there only a recording shows.
    pub async fn check_recorder(options: &Options) -> Result<(), CheckError> {
        check::check_recorder(options).await
    }

    /// Follows the rooms until shutdown, asking and telling the application.
    pub async fn run(self: Arc<Self>, events: Arc<dyn MediaEvents>, shutdown: CancellationToken) {
        // A second run finds the first one's: there is one application behind an engine.
        let events = Arc::clone(self.events.get_or_init(|| events));
        let Some(mut hearing) = self.hearing.lock().take() else {
            return;
        };
        let following = async {
            tokio::join!(
                async {
                    while let Some(news) = hearing.recv().await {
                        match news {
                            News::Room(room, heard) => self.hear(room, heard),
                            News::Recorded(recording, progress) => {
                                self.tell_soon(MediaEvent::Recorded {
                                    recording,
                                    progress,
                                });
                            }
                        }
                    }
                },
                async {
                    loop {
                        let next = match self.reconcile().await {
                            Ok(()) => self.options.reconcile_every,
                            Err(error) => {
                                warn(&error, "what is in the rooms could not be compared");
                                AGAIN.min(self.options.reconcile_every)
                            }
                        };
                        tokio::time::sleep(next).await;
                    }
                },
                async {
                    loop {
                        tokio::time::sleep(self.options.report_every).await;
                        self.report_audiences(&*events).await;
                    }
                },
            )
        };
        Box::pin(shutdown.run_until_cancelled(following)).await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The room of a channel is its owner's.
    pub(crate) async fn room_of(
        &self,
        channel: ChannelId,
    ) -> Result<Option<UserId>, MediaServerError> {
        let channel = self.channels.get(channel).await;
        let channel = channel.map_err(|error| MediaServerError(Box::new(error)))?;
        Ok(channel.map(|channel| channel.value.owner))
    }

    async fn expel_all(&self, cut: Vec<(UserId, String)>) -> Result<(), CallError> {
        for (room, name) in cut {
            self.expel(room, &name).await?;
        }
        Ok(())
    }

    /// Closes the room of a stream that is over, unless another is shown there.
    async fn close_room(&self, room: UserId, stream: StreamId) -> Result<(), CallError> {
        let name = room.to_string();
        let listed = self.api.room().list_rooms(vec![name.clone()]).await;
        let Some(there) = self.api.answer(listed)?.into_iter().next() else {
            return Ok(());
        };
        if stream_in(&there.metadata).is_some_and(|shown| shown != stream) {
            return Ok(());
        }
        self.wanted.lock().close(room, Instant::now());
        self.api.gone(self.api.room().delete_room(&name).await)?;
        let known = self.rooms.lock().known(room);
        let mut rooms = self.rooms.lock();
        rooms.look(room, &known, Vec::new(), Instant::now());
        Ok(())
    }
}

#[async_trait]
impl MediaServer for LiveKit {
    /// None: each key has [its own](MediaServer::ingest_credentials).
    fn ingest_addresses(&self) -> Vec<IngestAddress> {
        Vec::new()
    }

    /// None: players [take a seat](MediaServer::take_seat).
    fn playback_addresses(&self, _: &Handle, _: Option<GrantToken>) -> Vec<PlaybackAddress> {
        Vec::new()
    }

    async fn ingest_status(
        &self,
        stream: StreamId,
    ) -> Result<Option<IngestStatus>, MediaServerError> {
        let status = self.rooms.lock().status(stream);
        Ok(status.map(|(generation, tracks)| status_of(generation, &tracks)))
    }

    async fn close_ingest(
        &self,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError> {
        let cut = self.rooms.lock().close(stream, up_to, Instant::now());
        Ok(self.expel_all(cut).await?)
    }

    async fn end(&self, channel: ChannelId, stream: StreamId) -> Result<(), MediaServerError> {
        let cut = {
            let mut rooms = self.rooms.lock();
            rooms.close(stream, Generation(u64::MAX), Instant::now())
        };
        let Some(room) = self.room_of(channel).await? else {
            return Ok(());
        };
        if self.rooms.lock().has_another(room, stream) {
            self.expel_all(cut).await?;
        } else {
            self.close_room(room, stream).await?;
        }
        self.settle(room).await;
        Ok(())
    }

    async fn revoke_playback(
        &self,
        channel: ChannelId,
        who: Identity,
    ) -> Result<(), MediaServerError> {
        let Some(room) = self.room_of(channel).await? else {
            return Ok(());
        };
        self.look(room).await?;
        let names = self.rooms.lock().names_of(room, who);
        for name in names {
            self.expel(room, &name).await?;
        }
        Ok(())
    }

    async fn take_seat(&self, seat: SeatRequest) -> Result<Option<Seat>, MediaServerError> {
        match seat.role {
            SeatRole::Publisher(_) => self.open_room(seat.owner).await?,
            // Worth nothing while nobody is there to take it.
            SeatRole::SelfView | SeatRole::Viewer(_) if self.api.is_away() => {
                return Err(MediaServerError(Box::new(KnownToBeAway)));
            }
            SeatRole::SelfView | SeatRole::Viewer(_) => {}
        }
        let lifetime = self.options.seat_lifetime;
        let (token, identity) = token::for_seat(self.options.keys(), &seat, lifetime)
            .map_err(|error| MediaServerError(Box::new(error)))?;
        Ok(Some(Seat {
            url: self.options.public.to_string(),
            token: EngineSecret::new(token),
            identity,
            expires_at: self.clock.now() + lifetime,
        }))
    }

    async fn ingest_credentials(
        &self,
        key: KeyOfChannel,
    ) -> Result<Vec<IngestCredential>, MediaServerError> {
        Ok(self.credentials(key).await?)
    }

    async fn withdraw_credentials(&self, key: StreamKeyId) -> Result<(), MediaServerError> {
        Ok(self.withdraw(key).await?)
    }
}

impl std::fmt::Debug for LiveKit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveKit").finish_non_exhaustive()
    }
}

/// LiveKit did not answer when it was asked last.
#[derive(Debug, thiserror::Error)]
#[error("LiveKit does not answer")]
struct KnownToBeAway;

impl From<CallError> for MediaServerError {
    fn from(error: CallError) -> Self {
        Self(Box::new(error))
    }
}

/// What LiveKit says of an encoder: neither how much it sends nor when it sent last.
fn status_of(generation: Generation, tracks: &[Track]) -> IngestStatus {
    let video = tracks.iter().find(|track| track.is_video);
    let audio = tracks.iter().find(|track| !track.is_video);
    let codec = |track: &Track| match track.mime.split_once('/') {
        Some((_, codec)) => codec.to_ascii_lowercase(),
        None => track.mime.to_ascii_lowercase(),
    };
    let pixels = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    IngestStatus {
        generation,
        silence: Duration::ZERO,
        bitrate: 0,
        video: video.map(|track| VideoStatus {
            codec: codec(track),
            width: pixels(track.width),
            height: pixels(track.height),
            frame_rate: 0.0,
            key_frame_interval: None,
        }),
        // Sound by WebRTC is Opus, at 48 kHz whatever it was made of (RFC 7587, 4.1).
        audio: audio.map(|track| AudioStatus {
            codec: codec(track),
            sample_rate: 48_000,
            channels: 2,
        }),
    }
}
