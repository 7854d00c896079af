//! The stand-in's Twirp interface: binary as LiveKit's clients speak it, and JSON.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use livekit_api::access_token::{Claims, TokenVerifier, VideoGrants};
use livekit_protocol as proto;
use livekit_protocol::DisconnectReason;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::net::TcpListener;

use super::egress::{EgressService, NotStopped};
use super::house::House;
use super::{KEY, SECRET, lock};

type Shared = Arc<Mutex<House>>;

/// What LiveKit answers when it does not do what was asked.
struct Refusal(StatusCode, &'static str, &'static str);

const DENIED: Refusal = Refusal(
    StatusCode::UNAUTHORIZED,
    "unauthenticated",
    "permissions denied",
);
const NO_ROOM: Refusal = Refusal(
    StatusCode::NOT_FOUND,
    "not_found",
    "requested room does not exist",
);
const NO_PARTICIPANT: Refusal = Refusal(
    StatusCode::NOT_FOUND,
    "not_found",
    "participant does not exist",
);
const NO_INGRESS: Refusal = Refusal(StatusCode::NOT_FOUND, "not_found", "object cannot be found");
const NO_SERVICE: Refusal = Refusal(
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "ingress not connected (redis required)",
);
const NO_REDIS: Refusal = Refusal(
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "egress not connected (redis required)",
);
const NO_EGRESS_SERVICE: Refusal = Refusal(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "twirp error unknown: no response from servers",
);
const NO_PROCESSOR: Refusal = Refusal(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "not enough CPU",
);
const NO_EGRESS: Refusal = Refusal(StatusCode::NOT_FOUND, "not_found", "egress does not exist");
const EGRESS_OVER: Refusal = Refusal(
    StatusCode::PRECONDITION_FAILED,
    "failed_precondition",
    "egress with status EGRESS_COMPLETE cannot be stopped",
);
const EGRESS_SILENT: Refusal = Refusal(
    StatusCode::REQUEST_TIMEOUT,
    "deadline_exceeded",
    "request timed out",
);
const DEAD: Refusal = Refusal(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "nobody is there",
);
const BAD_ROUTE: Refusal = Refusal(StatusCode::NOT_FOUND, "bad_route", "no such method");
const MALFORMED: Refusal = Refusal(StatusCode::BAD_REQUEST, "malformed", "cannot be read");

pub(super) async fn serve(listener: TcpListener, house: Shared) {
    let routes = Router::new()
        .route("/twirp/{service}/{method}", post(call))
        .with_state(house);
    axum::serve(listener, routes)
        .await
        .expect("it serves until it is stopped");
}

/// Lets nobody say a word.
pub(super) async fn hang_up(listener: TcpListener) {
    loop {
        // Who came is dropped at once.
        drop(listener.accept().await);
    }
}

async fn call(
    State(house): State<Shared>,
    Path((service, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let grants = match grants(&headers) {
        Ok(grants) => grants,
        // As it is: a line of text, not Twirp's JSON.
        Err(text) => return (StatusCode::UNAUTHORIZED, text).into_response(),
    };
    let content = headers.get(CONTENT_TYPE);
    let call = Call {
        grants,
        is_json: content.is_some_and(|content| content == "application/json"),
        body,
    };
    let (answer, answers) = {
        let mut house = lock(&house);
        let answer = call.of(&service, &method, &mut house);
        (answer, Arc::clone(&house.egress_answers))
    };
    if method == "StartEgress" {
        drop(answers.read().await);
    }
    answer.unwrap_or_else(|Refusal(status, code, msg)| {
        let body = json!({ "code": code, "msg": msg }).to_string();
        (status, [(CONTENT_TYPE, "application/json")], body).into_response()
    })
}

struct Call {
    grants: VideoGrants,
    is_json: bool,
    body: Bytes,
}

impl Call {
    fn of(&self, service: &str, method: &str, house: &mut House) -> Result<Response, Refusal> {
        match service {
            _ if house.is_dead => Err(DEAD),
            "livekit.RoomService" => self.of_rooms(method, house),
            "livekit.Ingress" if !house.has_ingress => Err(NO_SERVICE),
            "livekit.Ingress" => self.of_ingresses(method, house),
            "livekit.Egress" if !house.has_ingress => Err(NO_REDIS),
            "livekit.Egress" => self.of_egresses(method, house),
            _ => Err(BAD_ROUTE),
        }
    }

    fn of_rooms(&self, method: &str, house: &mut House) -> Result<Response, Refusal> {
        match method {
            "CreateRoom" => {
                let asked: proto::CreateRoomRequest = self.read()?;
                require(self.grants.room_create)?;
                self.answer(&house.open(proto::Room {
                    name: asked.name,
                    empty_timeout: asked.empty_timeout,
                    departure_timeout: asked.departure_timeout,
                    metadata: asked.metadata,
                    ..proto::Room::default()
                }))
            }
            "ListRooms" => {
                let asked: proto::ListRoomsRequest = self.read()?;
                require(self.grants.room_list)?;
                let rooms = house.rooms.values().map(|inside| inside.info.clone());
                let rooms =
                    rooms.filter(|room| asked.names.is_empty() || asked.names.contains(&room.name));
                self.answer(&proto::ListRoomsResponse {
                    rooms: rooms.collect(),
                })
            }
            "DeleteRoom" => {
                let asked: proto::DeleteRoomRequest = self.read()?;
                require(self.grants.room_create)?;
                if !house.close(&asked.room) {
                    return Err(NO_ROOM);
                }
                self.answer(&proto::DeleteRoomResponse {})
            }
            "ListParticipants" => {
                let asked: proto::ListParticipantsRequest = self.read()?;
                self.require_admin(&asked.room)?;
                let inside = house.rooms.get(&asked.room).ok_or(NO_ROOM)?;
                self.answer(&proto::ListParticipantsResponse {
                    participants: inside.people.values().map(|it| it.info.clone()).collect(),
                })
            }
            "RemoveParticipant" => {
                let asked: proto::RoomParticipantIdentity = self.read()?;
                self.require_admin(&asked.room)?;
                let inside = house.rooms.get(&asked.room).ok_or(NO_ROOM)?;
                let mut people = inside.people.values();
                let found = people.find(|person| person.info.identity == asked.identity);
                let sid = found.ok_or(NO_PARTICIPANT)?.info.sid.clone();
                house.leave(&asked.room, &sid, DisconnectReason::ParticipantRemoved);
                self.answer(&proto::RemoveParticipantResponse {})
            }
            "UpdateRoomMetadata" => {
                let asked: proto::UpdateRoomMetadataRequest = self.read()?;
                self.require_admin(&asked.room)?;
                let inside = house.rooms.get_mut(&asked.room).ok_or(NO_ROOM)?;
                inside.info.metadata = asked.metadata;
                self.answer(&inside.info)
            }
            "SendData" => {
                let asked: proto::SendDataRequest = self.read()?;
                self.require_admin(&asked.room)?;
                if !house.rooms.contains_key(&asked.room) {
                    return Err(NO_ROOM);
                }
                house.data.push((asked.room, asked.data));
                self.answer(&proto::SendDataResponse {})
            }
            _ => Err(BAD_ROUTE),
        }
    }

    fn of_ingresses(&self, method: &str, house: &mut House) -> Result<Response, Refusal> {
        require(self.grants.ingress_admin)?;
        match method {
            "CreateIngress" => {
                let asked: proto::CreateIngressRequest = self.read()?;
                let number = house.number();
                let (scheme, port) = match asked.input_type() {
                    proto::IngressInput::RtmpInput => ("rtmp", 1935),
                    _ => ("http", 8080),
                };
                let ingress = proto::IngressInfo {
                    ingress_id: format!("IN_{number}"),
                    stream_key: format!("sk_{number}"),
                    url: format!("{scheme}://127.0.0.1:{port}/x"),
                    name: asked.name,
                    input_type: asked.input_type,
                    room_name: asked.room_name,
                    participant_identity: asked.participant_identity,
                    participant_metadata: asked.participant_metadata,
                    enable_transcoding: asked.enable_transcoding,
                    reusable: true,
                    ..proto::IngressInfo::default()
                };
                let id = ingress.ingress_id.clone();
                house.ingresses.insert(id, ingress.clone());
                self.answer(&ingress)
            }
            "ListIngress" => {
                let asked: proto::ListIngressRequest = self.read()?;
                let items = house.ingresses.values().filter(|ingress| {
                    asked.room_name.is_empty() || asked.room_name == ingress.room_name
                });
                self.answer(&proto::ListIngressResponse {
                    items: items.cloned().collect(),
                    ..proto::ListIngressResponse::default()
                })
            }
            "DeleteIngress" => {
                let asked: proto::DeleteIngressRequest = self.read()?;
                let gone = house.delete_ingress(&asked.ingress_id);
                self.answer(&gone.ok_or(NO_INGRESS)?)
            }
            _ => Err(BAD_ROUTE),
        }
    }

    fn of_egresses(&self, method: &str, house: &mut House) -> Result<Response, Refusal> {
        require(self.grants.room_record)?;
        match method {
            "StartEgress" => {
                let asked: proto::StartEgressRequest = self.read()?;
                if !house.rooms.contains_key(&asked.room_name) {
                    return Err(NO_ROOM);
                }
                match house.egress_service {
                    EgressService::Working => {}
                    EgressService::Busy => return Err(NO_PROCESSOR),
                    EgressService::Missing => return Err(NO_EGRESS_SERVICE),
                }
                self.answer(&house.start_egress(asked).ok_or(NO_ROOM)?)
            }
            "ListEgress" => {
                let asked: proto::ListEgressRequest = self.read()?;
                let of_room = |info: &proto::EgressInfo| {
                    asked.room_name.is_empty() || asked.room_name == info.room_name
                };
                let goes_on = |info: &proto::EgressInfo| {
                    info.status < i32::from(proto::EgressStatus::EgressComplete)
                };
                let all = house.egresses.values().map(|it| &it.info);
                let items = all.filter(|info| of_room(info) && (!asked.active || goes_on(info)));
                self.answer(&proto::ListEgressResponse {
                    items: items.cloned().collect(),
                    ..proto::ListEgressResponse::default()
                })
            }
            "StopEgress" => {
                let asked: proto::StopEgressRequest = self.read()?;
                let stopped = house.stop_egress(&asked.egress_id);
                self.answer(&stopped.map_err(|why| match why {
                    NotStopped::Unknown => NO_EGRESS,
                    NotStopped::Over => EGRESS_OVER,
                    NotStopped::Silent => EGRESS_SILENT,
                })?)
            }
            _ => Err(BAD_ROUTE),
        }
    }

    fn read<M: Message + Default + DeserializeOwned>(&self) -> Result<M, Refusal> {
        if self.is_json {
            serde_json::from_slice(&self.body).map_err(|_| MALFORMED)
        } else {
            M::decode(&*self.body).map_err(|_| MALFORMED)
        }
    }

    fn answer<M: Message + Serialize>(&self, answer: &M) -> Result<Response, Refusal> {
        let (kind, body) = if self.is_json {
            let body = serde_json::to_vec(answer).map_err(|_| MALFORMED)?;
            ("application/json", body)
        } else {
            ("application/protobuf", answer.encode_to_vec())
        };
        Ok(([(CONTENT_TYPE, kind)], body).into_response())
    }

    fn require_admin(&self, room: &str) -> Result<(), Refusal> {
        require(self.grants.room_admin && self.grants.room == room)
    }
}

fn require(granted: bool) -> Result<(), Refusal> {
    granted.then_some(()).ok_or(DENIED)
}

fn grants(headers: &HeaderMap) -> Result<VideoGrants, String> {
    let header = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    let token = token.unwrap_or_default();
    let said = Claims::from_unverified(token);
    let said = said.map_err(|_| "invalid authorization token".to_owned())?;
    if said.iss != KEY {
        return Err(format!("invalid API key: {}", said.iss));
    }
    let claims = TokenVerifier::with_api_key(KEY, SECRET).verify(token);
    Ok(claims
        .map_err(|error| format!("invalid token: {token}, error: {error}"))?
        .video)
}
