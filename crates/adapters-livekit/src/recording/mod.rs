//! Recording by LiveKit's egress service.
//!
//! Nothing is remembered here: which recording an egress makes stands in the path of its file,
//! and LiveKit keeps for a day what became of it.

mod options;
mod request;
mod told;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use greenroom_domain::recording::{Recorder, RecorderError, RecordingOrder, RecordingProgress};
use greenroom_domain::shared::id::{RecordingId, UserId};
use livekit_api::services::egress::{EgressListFilter, EgressListOptions};
use livekit_protocol::{EgressInfo, ParticipantInfo};
use parking_lot::Mutex;

use crate::LiveKit;
use crate::api::CallError;
use crate::settle::stream_in;

pub use options::{AudioCodec, Bucket, RecordingOptions, RecordingOptionsError};
pub(crate) use told::read;

/// LiveKit's egress service as the application's recorder.
#[derive(Debug)]
pub(crate) struct Egress {
    engine: Arc<LiveKit>,
    options: RecordingOptions,
    /// Whatever is being asked for is asked for once.
    asked: Mutex<HashSet<RecordingId>>,
    /// Since when egresses are missing in their rooms.
    missing: Mutex<HashMap<String, Instant>>,
}

/// One that is being asked for.
struct Asking<'a> {
    asked: &'a Mutex<HashSet<RecordingId>>,
    recording: RecordingId,
}

impl Egress {
    pub(crate) fn new(engine: Arc<LiveKit>, options: RecordingOptions) -> Self {
        Self {
            engine,
            options,
            asked: Mutex::default(),
            missing: Mutex::default(),
        }
    }

    async fn list(
        &self,
        filter: EgressListFilter,
        reach: Reach,
    ) -> Result<Vec<EgressInfo>, CallError> {
        let options = EgressListOptions {
            filter,
            active: matches!(reach, Reach::GoingOn),
            page_token: None,
        };
        let api = &self.engine.api;
        api.answer(api.egress().list_egress(options).await)
    }

    /// Who is to be recorded, if it is this stream that the room shows.
    async fn publisher(
        &self,
        room: UserId,
        order: RecordingOrder,
    ) -> Result<Option<ParticipantInfo>, CallError> {
        let (api, name) = (&self.engine.api, room.to_string());
        let (rooms, people) = tokio::join!(
            api.room().list_rooms(vec![name.clone()]),
            api.room().list_participants(&name)
        );
        let shown = api.answer(rooms)?.into_iter().next();
        let shown = shown.and_then(|room| stream_in(&room.metadata));
        if shown.is_some_and(|stream| stream != order.stream) {
            return Ok(None);
        }
        match api.answer(people) {
            Ok(people) => Ok(request::publisher(&people, room).cloned()),
            Err(CallError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn begin(&self, room: UserId, order: RecordingOrder) -> Result<(), RecorderError> {
        let (listed, publisher) = tokio::join!(
            self.list(EgressListFilter::Room(room.to_string()), Reach::All),
            self.publisher(room, order)
        );
        let is_ours = |egress: &EgressInfo| {
            told::recording_of(&self.options, egress) == Some(order.recording)
        };
        if listed?.iter().any(is_ours) {
            return Ok(());
        }
        let publisher = publisher?.ok_or(RecorderError::NothingToRecord)?;
        let request = request::of_publisher(&self.options, room, &publisher, order.recording);
        let api = &self.engine.api;
        match api.passed_on(api.recorder().start_egress(request).await) {
            Ok(_) => Ok(()),
            // The room was closed meanwhile.
            Err(CallError::NotFound(_)) => Err(RecorderError::NothingToRecord),
            Err(error) => Err(error.into()),
        }
    }

    /// How far these are, as far as they are listed.
    async fn look(
        &self,
        reach: Reach,
        known: &mut HashMap<RecordingId, RecordingProgress>,
    ) -> Result<(), CallError> {
        let listed = self.list(EgressListFilter::All, reach).await?;
        self.miss(&listed);
        for egress in listed.iter().filter(|egress| !self.is_dead(egress)) {
            if let Some((recording, progress)) = read(&self.options, egress) {
                // Of two that make the same, what is there counts.
                let is_there = matches!(progress, RecordingProgress::Available(_));
                if is_there || !known.contains_key(&recording) {
                    known.insert(recording, progress);
                }
            }
        }
        Ok(())
    }
}

impl Egress {
    /// An egress that died with its machine is said to go on for ever. But it is in its room for
    /// as long as it lives.
    fn miss(&self, listed: &[EgressInfo]) {
        let rooms = self.engine.rooms.lock();
        let is_missing = |egress: &&EgressInfo| {
            let room = egress.room_name.parse().ok();
            told::recording_of(&self.options, egress).is_some()
                && told::is_in_its_room(egress)
                && room.is_some_and(|room| !rooms.is_there(room, &egress.egress_id))
        };
        let missing: HashSet<&String> = listed
            .iter()
            .filter(is_missing)
            .map(|it| &it.egress_id)
            .collect();
        let mut since = self.missing.lock();
        since.retain(|egress, _| missing.contains(egress));
        for egress in missing {
            since.entry(egress.clone()).or_insert_with(Instant::now);
        }
    }

    /// Whether it is missing for too long. It may turn up: one that cannot reach its room puts in
    /// its place what it has.
    fn is_dead(&self, egress: &EgressInfo) -> bool {
        let missing = self.missing.lock();
        let since = missing.get(&egress.egress_id);
        since.is_some_and(|since| since.elapsed() >= self.engine.options.recorder_missed)
    }
}

/// Which egresses are listed.
#[derive(Debug, Clone, Copy)]
enum Reach {
    GoingOn,
    All,
}

#[async_trait]
impl Recorder for Egress {
    async fn start(&self, order: RecordingOrder) -> Result<(), RecorderError> {
        let Some(_asking) = Asking::begin(&self.asked, order.recording) else {
            return Ok(());
        };
        let room = self.engine.room_of(order.channel).await;
        let room = room.map_err(|error| RecorderError::Unavailable(Box::new(error)))?;
        let room = room.ok_or(RecorderError::NothingToRecord)?;
        self.begin(room, order).await
    }

    async fn stop(&self, recording: RecordingId) -> Result<(), RecorderError> {
        let api = &self.engine.api;
        for egress in self.list(EgressListFilter::All, Reach::GoingOn).await? {
            if told::recording_of(&self.options, &egress) == Some(recording) {
                let stopped = api.recorder().stop_egress(&egress.egress_id).await;
                match api.passed_on(stopped) {
                    Ok(_) | Err(CallError::NotFound(_) | CallError::Over(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    async fn progress(
        &self,
        recordings: &[RecordingId],
    ) -> Result<Vec<Option<RecordingProgress>>, RecorderError> {
        let mut known = HashMap::new();
        self.look(Reach::GoingOn, &mut known).await?;
        // What goes on is most of what is asked for; what is over is a day's.
        if recordings.iter().any(|it| !known.contains_key(it)) {
            self.look(Reach::All, &mut known).await?;
        }
        Ok(recordings.iter().map(|it| known.get(it).cloned()).collect())
    }
}

impl<'a> Asking<'a> {
    /// `None` while somebody does.
    fn begin(asked: &'a Mutex<HashSet<RecordingId>>, recording: RecordingId) -> Option<Self> {
        let is_first = asked.lock().insert(recording);
        is_first.then_some(Self { asked, recording })
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.asked.lock().remove(&self.recording);
    }
}

impl From<CallError> for RecorderError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Busy(_) => Self::Busy,
            error => Self::Unavailable(Box::new(error)),
        }
    }
}
