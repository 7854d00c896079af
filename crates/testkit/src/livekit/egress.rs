//! The stand-in's egress service: it records nothing, and tells of it as the real one does.

use livekit_protocol::output::Config;
use livekit_protocol::participant_info::Kind;
use livekit_protocol::start_egress_request::Source;
use livekit_protocol::storage_config::Provider;
use livekit_protocol::{
    DisconnectReason, EgressInfo, EgressStatus, FileInfo, ParticipantInfo, StartEgressRequest,
    WebhookEvent, egress_info, media_source,
};

use super::house::House;
use crate::builders::NOON;

/// How the egress service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EgressService {
    /// It takes what it is asked for.
    Working,
    /// It has no processor left.
    Busy,
    /// There is none.
    Missing,
}

/// How an egress ends that nobody has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has become as long as it may.
    LimitReached,
    /// It was ended with its service, and has a whole file.
    Interrupted,
    /// It has failed, and has no file.
    Failed,
    /// Its machine has died: it is said to go on for ever.
    Dead,
}

/// Why an egress is not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotStopped {
    Unknown,
    Over,
    Silent,
}

/// An egress.
pub(super) struct Egress {
    pub(super) info: EgressInfo,
    /// Who it is in its room, for as long as it is there.
    pub(super) seat: Option<String>,
}

/// What the service ends itself with.
const SHUTTING_DOWN: &str = "server is shutting down";

impl House {
    /// Begins an egress in a room; `None` where there is none.
    pub(super) fn start_egress(&mut self, request: StartEgressRequest) -> Option<EgressInfo> {
        let room = self.rooms.get(&request.room_name)?.info.clone();
        let id = format!("EG_{}", self.number());
        let now = self.moment();
        let info = EgressInfo {
            egress_id: id.clone(),
            room_id: room.sid,
            room_name: room.name.clone(),
            started_at: now,
            updated_at: now,
            file_results: filenames(&request),
            request: Some(egress_info::Request::Egress(without_keys(request))),
            ..EgressInfo::default()
        };
        self.say_of_egress("egress_started", &info);
        let recorder = ParticipantInfo {
            identity: id.clone(),
            kind: Kind::Egress.into(),
            ..ParticipantInfo::default()
        };
        let seat = self.enter(&room.name, recorder, false).ok();
        let egress = Egress {
            info: info.clone(),
            seat: seat.map(|seat| seat.sid),
        };
        self.egresses.insert(id.clone(), egress);
        if !self.egress_waits {
            self.move_egress(&id);
        }
        Some(info)
    }

    /// One step further: it begins to record, or has put its file in its place.
    pub(super) fn move_egress(&mut self, id: &str) {
        let Some(egress) = self.egresses.get(id) else {
            return;
        };
        match egress.info.status() {
            EgressStatus::EgressStarting => match self.missing_publisher(&egress.info) {
                None => self.begin(id),
                Some(name) => {
                    let error = format!("participant {name} not found");
                    self.finish(id, EgressStatus::EgressFailed, &error);
                }
            },
            EgressStatus::EgressEnding => self.finish(id, EgressStatus::EgressComplete, ""),
            _ => {}
        }
    }

    fn begin(&mut self, id: &str) {
        let now = self.moment();
        self.change(id, "egress_updated", |info| {
            info.set_status(EgressStatus::EgressActive);
            info.updated_at = now;
            for file in &mut info.file_results {
                file.started_at = now;
            }
        });
    }

    pub(super) fn stop_egress(&mut self, id: &str) -> Result<EgressInfo, NotStopped> {
        let egress = self.egresses.get(id).ok_or(NotStopped::Unknown)?;
        let is_there = egress.seat.is_some();
        match egress.info.status() {
            EgressStatus::EgressStarting | EgressStatus::EgressActive if !is_there => {
                return Err(NotStopped::Silent);
            }
            EgressStatus::EgressStarting => {
                let error = "Stop called before pipeline could start";
                self.finish(id, EgressStatus::EgressAborted, error);
            }
            EgressStatus::EgressActive => self.wind_up(id, "StopEgress API"),
            EgressStatus::EgressEnding => {}
            _ => return Err(NotStopped::Over),
        }
        let egress = self.egresses.get(id).ok_or(NotStopped::Unknown)?;
        Ok(egress.info.clone())
    }

    /// Nobody has stopped it, and it ends.
    pub(super) fn end_egress(&mut self, id: &str, ending: Ending) {
        match ending {
            Ending::LimitReached => {
                let error = "Session limit reached";
                self.finish(id, EgressStatus::EgressLimitReached, error);
            }
            Ending::Interrupted => {
                self.wind_up_slowly(id, "Process killed");
                self.finish(id, EgressStatus::EgressFailed, SHUTTING_DOWN);
            }
            Ending::Failed => self.finish(id, EgressStatus::EgressFailed, "signal: killed"),
            Ending::Dead => self.take_out(id, DisconnectReason::ConnectionTimeout),
        }
    }

    /// The rooms' egresses end when their room does.
    pub(super) fn end_egresses_of(&mut self, room_sid: &str) {
        let of_room = self.egresses.values().filter(|egress| {
            let info = &egress.info;
            info.room_id == room_sid && info.status() == EgressStatus::EgressActive
        });
        let ids: Vec<String> = of_room.map(|it| it.info.egress_id.clone()).collect();
        for id in ids {
            self.wind_up(&id, "Source closed");
        }
    }

    fn wind_up(&mut self, id: &str, reason: &str) {
        self.wind_up_slowly(id, reason);
        if !self.egress_waits {
            self.finish(id, EgressStatus::EgressComplete, "");
        }
    }

    fn wind_up_slowly(&mut self, id: &str, reason: &str) {
        let now = self.moment();
        self.change(id, "egress_updated", |info| {
            info.set_status(EgressStatus::EgressEnding);
            info.updated_at = now;
            info.details = format!("End reason: {reason}");
        });
    }

    fn finish(&mut self, id: &str, status: EgressStatus, error: &str) {
        self.take_out(id, DisconnectReason::ClientInitiated);
        let now = self.moment();
        let has_file = match status {
            EgressStatus::EgressComplete | EgressStatus::EgressLimitReached => true,
            EgressStatus::EgressFailed => error == SHUTTING_DOWN,
            _ => false,
        };
        self.change(id, "egress_ended", |info| {
            info.set_status(status);
            info.updated_at = now;
            info.ended_at = now;
            error.clone_into(&mut info.error);
            for file in info.file_results.iter_mut().filter(|_| has_file) {
                file.ended_at = now;
                file.duration = now - file.started_at;
                file.size = 1_000_000;
                file.location.clone_from(&file.filename);
            }
        });
    }

    fn take_out(&mut self, id: &str, why: DisconnectReason) {
        let egress = self.egresses.get_mut(id);
        let there = egress.and_then(|it| Some((it.info.room_name.clone(), it.seat.take()?)));
        if let Some((room, sid)) = there {
            self.leave(&room, &sid, why);
        }
    }

    fn change(&mut self, id: &str, event: &str, change: impl FnOnce(&mut EgressInfo)) {
        if let Some(egress) = self.egresses.get_mut(id) {
            change(&mut egress.info);
            let info = egress.info.clone();
            self.say_of_egress(event, &info);
        }
    }

    /// Who is to be recorded and is not there.
    fn missing_publisher(&self, info: &EgressInfo) -> Option<String> {
        let name = publisher(info)?;
        let inside = self.rooms.get(&info.room_name);
        let mut people = inside.into_iter().flat_map(|it| it.people.values());
        let is_there = people.any(|person| person.info.identity == name);
        (!is_there).then(|| name.to_owned())
    }

    fn say_of_egress(&mut self, event: &str, info: &EgressInfo) {
        let about = WebhookEvent {
            egress_info: Some(info.clone()),
            ..WebhookEvent::default()
        };
        self.post(event, about);
    }

    /// A time that is later than all before, in nanoseconds since 1970.
    fn moment(&mut self) -> i64 {
        NOON.micros() * 1000 + self.number() * 1_000_000_000
    }
}

fn publisher(info: &EgressInfo) -> Option<&str> {
    let Some(egress_info::Request::Egress(request)) = &info.request else {
        return None;
    };
    let Some(Source::Media(media)) = &request.source else {
        return None;
    };
    match &media.video {
        Some(media_source::Video::ParticipantVideo(video)) => Some(&video.identity),
        _ => None,
    }
}

fn filenames(request: &StartEgressRequest) -> Vec<FileInfo> {
    let files = request.outputs.iter().filter_map(|it| match &it.config {
        Some(Config::File(file)) => Some(FileInfo {
            filename: file.filepath.clone(),
            ..FileInfo::default()
        }),
        _ => None,
    });
    files.collect()
}

/// As the service shows it.
fn without_keys(mut request: StartEgressRequest) -> StartEgressRequest {
    if let Some(storage) = &mut request.storage
        && let Some(Provider::S3(bucket)) = &mut storage.provider
    {
        "{access_key}".clone_into(&mut bucket.access_key);
        "{secret}".clone_into(&mut bucket.secret);
    }
    request
}
