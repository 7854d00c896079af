//! The place where a channel's live stream is shared: one writer, any number of readers.
//!
//! The ingest pushes frames; readers take playlists and segments as reference-counted bytes and
//! wait for what is not there yet. Locks are held for lookups and for the copy of one part,
//! never across a wait.

mod channels;

pub use channels::Channels;

use crate::cmaf::{Changed, Limits, Packager, PackagerError, Rendition};
use crate::codec::CodecConfig;
use crate::dash;
use crate::frame::{Frame, TrackKind};
use crate::hls::{self, GrantName, Reload, ReloadError, Resource};
use crate::thumbnail::{Still, Thumbnail};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use parking_lot::RwLock;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// A channel's live stream: written by its ingest, read by its viewers, across reconnects.
#[derive(Debug)]
pub struct StreamBus {
    packager: RwLock<Packager>,
    video: watch::Sender<()>,
    audio: watch::Sender<()>,
    picture: RwLock<Picture>,
}

/// The channel's picture for lists.
#[derive(Debug, Default)]
struct Picture {
    thumbnail: Option<Thumbnail>,
    tried_at: Option<Instant>,
    /// The segments up to this one are of a stream that has ended.
    after: u64,
}

/// What a name leads to. Its bytes are shared, never copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// A media playlist, which changes.
    Playlist(Bytes),
    /// An init segment.
    Init(Bytes),
    /// A segment or part: these chunks, in order.
    Segment(Vec<Bytes>),
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Nothing is there (any more), and nothing will come soon: 404.
    #[error("there is no such playlist or segment")]
    NotFound,
    /// 400.
    #[error("the playlist request is refused")]
    Reload(#[source] ReloadError),
}

impl StreamBus {
    /// A bus whose numbers start from `now`.
    pub fn new(limits: Limits, now: DateTime<Utc>) -> Self {
        Self {
            packager: RwLock::new(Packager::new(limits, now.timestamp_millis())),
            video: watch::Sender::new(()),
            audio: watch::Sender::new(()),
            picture: RwLock::default(),
        }
    }

    /// Takes a codec configuration from the ingest.
    pub fn config(&self, config: CodecConfig) {
        self.packager.write().config(config);
    }

    /// Takes a frame from the ingest.
    ///
    /// # Errors
    /// The ingest is to be refused with this reason.
    pub fn frame(&self, frame: Frame, now: DateTime<Utc>) -> Result<(), PackagerError> {
        let changed = self.packager.write().frame(frame, now.timestamp_millis());
        match changed {
            Ok(changed) => {
                self.wake(changed);
                Ok(())
            }
            Err(error) => {
                self.wake(Changed {
                    video: true,
                    audio: true,
                });
                Err(error)
            }
        }
    }

    /// The encoder is gone, perhaps for a moment.
    pub fn interrupt(&self) {
        let changed = self.packager.write().interrupt();
        self.wake(changed);
    }

    /// The stream is over; playlists say so. Frames begin the next one.
    pub fn end(&self) {
        let (changed, last) = {
            let mut packager = self.packager.write();
            let changed = packager.end();
            let video = packager.rendition(TrackKind::Video);
            (changed, video.and_then(Rendition::position))
        };
        *self.picture.write() = Picture {
            after: last.map_or(0, |last| last.number),
            ..Picture::default()
        };
        self.wake(changed);
    }

    /// How far the media is ahead of the wall clock: an ingest that does not read for as long as
    /// this is some seconds keeps an encoder in step that sends faster than real time.
    pub fn ahead(&self, now: DateTime<Utc>) -> Duration {
        let millis = self.packager.read().ahead(now.timestamp_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Whether there is something to play.
    pub fn is_playable(&self) -> bool {
        self.packager.read().target().is_some()
    }

    /// Whether the stream is over, and no other has begun.
    pub fn is_ended(&self) -> bool {
        self.packager.read().is_ended()
    }

    /// A frame of the stream as a picture, where one was made.
    pub fn thumbnail(&self) -> Option<Thumbnail> {
        self.picture.read().thumbnail.clone()
    }

    /// A picture was made. It comes too late when the stream has ended.
    pub(crate) fn set_thumbnail(&self, thumbnail: Thumbnail) {
        let mut picture = self.picture.write();
        if thumbnail.version > picture.after {
            picture.thumbnail = Some(thumbnail);
        }
    }

    /// When a picture was last tried to make of this stream.
    pub(crate) fn thumbnail_tried_at(&self) -> Option<Instant> {
        self.picture.read().tried_at
    }

    pub(crate) fn thumbnail_tried(&self, at: Instant) {
        self.picture.write().tried_at = Some(at);
    }

    /// What a picture can be made of: the key frame of the newest whole segment. `None` while
    /// nothing comes in, and where there is sound alone.
    pub(crate) fn still(&self) -> Option<Still> {
        let packager = self.packager.read();
        if packager.is_ended() || packager.is_interrupted() || packager.target().is_none() {
            return None;
        }
        let rendition = packager.rendition(TrackKind::Video)?;
        let newest = rendition
            .segments()
            .rev()
            .find(|segment| segment.closed && !segment.is_gap())?;
        if newest.number <= self.picture.read().after {
            return None;
        }
        let part = newest.parts.first().filter(|part| part.independent)?;
        Some(Still {
            number: newest.number,
            init: rendition.init(newest.init?)?.clone(),
            part: part.data.clone(),
        })
    }

    /// Waits until there is something to play.
    pub async fn wait_playable(&self, until: Instant) {
        let (mut video, mut audio) = (self.video.subscribe(), self.audio.subscribe());
        while !self.is_playable() {
            let changed = async {
                tokio::select! {
                    changed = video.changed() => changed,
                    changed = audio.changed() => changed,
                }
            };
            if !matches!(timeout_at(until, changed).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// The multivariant playlist for the holder of a grant; `None` until there is something to
    /// play.
    pub fn multivariant(&self, grant: GrantName<'_>) -> Option<String> {
        hls::multivariant_playlist(&self.packager.read(), grant)
    }

    /// The DASH manifest for the holder of a grant; see [`dash::manifest`].
    pub fn manifest(
        &self,
        grant: GrantName<'_>,
        clock: &str,
        now: DateTime<Utc>,
    ) -> Option<String> {
        dash::manifest(&self.packager.read(), grant, clock, now)
    }

    /// Answers any name below a grant, waiting where its protocol says so: for a blocking
    /// playlist reload, and for the part that a playlist hinted at.
    ///
    /// No wait is longer than three target durations, or one while the encoder is gone; after
    /// that a playlist is answered as it is.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub async fn fetch(
        &self,
        resource: Resource,
        reload: Option<Reload>,
    ) -> Result<Media, LookupError> {
        match resource {
            Resource::Playlist { track, target } => {
                if let Some(reload) = reload {
                    self.wait(track, |packager| {
                        match packager.rendition(track).and_then(Rendition::position) {
                            // An address that has ended has nothing to wait for.
                            _ if packager.is_ended()
                                || packager.target().is_none_or(|current| target < current) =>
                            {
                                Ok(true)
                            }
                            Some(position) => reload.is_answered(position),
                            None => Ok(true),
                        }
                    })
                    .await
                    .map_err(LookupError::Reload)?;
                }
                self.packager
                    .read()
                    .playlist(track, target)
                    .map(Media::Playlist)
            }
            Resource::Init { track, version } => {
                let packager = self.packager.read();
                packager
                    .rendition(track)
                    .and_then(|rendition| rendition.init(version).cloned())
                    .map(Media::Init)
            }
            Resource::Segment { track, number } => self.segment(track, number).map(Media::Segment),
            Resource::SegmentAt { track, start } => {
                // Players of DASH ask for the segment that is being made, some over and over.
                self.wait(track, |packager| Ok(!packager.is_making(track, start)))
                    .await
                    .map_err(LookupError::Reload)?;
                let packager = self.packager.read();
                let segment = packager
                    .rendition(track)
                    .and_then(|rendition| rendition.segment_at(start));
                segment
                    .filter(|segment| segment.closed)
                    .map(chunks)
                    .map(Media::Segment)
            }
            Resource::Part {
                track,
                number,
                part,
            } => {
                self.wait(track, |packager| Ok(!packager.is_next(track, number, part)))
                    .await
                    .map_err(LookupError::Reload)?;
                let packager = self.packager.read();
                let segment = packager
                    .rendition(track)
                    .and_then(|rendition| rendition.segment(number));
                let part = segment.and_then(|segment| segment.parts.get(part));
                part.map(|part| Media::Segment(vec![part.data.clone()]))
            }
        }
        .ok_or(LookupError::NotFound)
    }

    /// A closed segment: its parts in order.
    pub fn segment(&self, track: TrackKind, number: u64) -> Option<Vec<Bytes>> {
        let packager = self.packager.read();
        let segment = packager.rendition(track)?.segment(number)?;
        (segment.closed && !segment.parts.is_empty()).then(|| chunks(segment))
    }

    /// Waits until `ready`, but no longer than the protocol allows.
    async fn wait(
        &self,
        track: TrackKind,
        ready: impl Fn(&Packager) -> Result<bool, ReloadError>,
    ) -> Result<(), ReloadError> {
        let mut changes = match track {
            TrackKind::Video => self.video.subscribe(),
            TrackKind::Audio => self.audio.subscribe(),
        };
        let began = Instant::now();
        loop {
            let patience = {
                let packager = self.packager.read();
                if ready(&packager)? {
                    return Ok(());
                }
                let target = Duration::from_secs(packager.target().unwrap_or(1).into());
                if packager.is_interrupted() {
                    target
                } else {
                    3 * target
                }
            };
            match timeout_at(began + patience, changes.changed()).await {
                Ok(Ok(())) => {}
                // The sender is ours and lives as long as `self`: only time can be over.
                Ok(Err(_)) | Err(_) => return Ok(()),
            }
        }
    }

    fn wake(&self, changed: Changed) {
        if changed.video {
            self.video.send_replace(());
        }
        if changed.audio {
            self.audio.send_replace(());
        }
    }
}

fn chunks(segment: &crate::cmaf::Segment) -> Vec<Bytes> {
    segment.parts.iter().map(|part| part.data.clone()).collect()
}
