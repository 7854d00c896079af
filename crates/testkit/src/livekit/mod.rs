//! A stand-in for LiveKit: a small server that speaks Twirp with the protocol's own types,
//! checks tokens and grants as LiveKit does, and signs webhooks, which it can lose, repeat and
//! shuffle.
//!
//! It has no media: [`StandIn::join`] and [`StandIn::connect`] do what an SDK and the ingress
//! service do, egresses record
//! nothing, and webhooks come in the order in which the real parts sent theirs.
//!
//! As configured in production: rooms are not made by joining (`auto_create: false`).

mod api;
mod application;
mod delivery;
mod egress;
mod house;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_domain::media::MediaWebhooks;
use livekit_api::access_token::{Claims, TokenVerifier};
use livekit_protocol::participant_info::Kind;
use livekit_protocol::{
    DisconnectReason, EgressInfo, IngressInfo, ParticipantInfo, Room, TrackInfo, TrackType,
};
use tokio::net::TcpListener;
use tokio::sync::{OwnedRwLockWriteGuard, mpsc};
use tokio::task::JoinHandle;

pub use application::{Application, OneChannel, Wire, take_webhooks};
pub use delivery::{Delivery, Faults, sign, sign_long_ago};
pub use egress::{EgressService, Ending};
use house::House;

/// The API key that the stand-in knows.
pub const KEY: &str = "standin";
/// Its secret: as long as LiveKit demands.
pub const SECRET: &str = "a-secret-of-more-than-32-characters";

/// A LiveKit server without media.
pub struct StandIn {
    /// Held for as long as it lives: nobody else takes the port while nobody answers.
    door: std::net::TcpListener,
    address: SocketAddr,
    house: Arc<Mutex<House>>,
    server: Mutex<Option<JoinHandle<()>>>,
    posting: Option<mpsc::UnboundedReceiver<Delivery>>,
    postman: Mutex<Option<JoinHandle<()>>>,
}

/// Somebody who has joined a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// Which room.
    pub room: String,
    /// How they are called there.
    pub identity: String,
    /// Who they are for this once.
    pub sid: String,
}

/// A token or key does not open the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// The token is not signed with our key, or has run out.
    BadToken,
    /// It does not allow that.
    NotAllowed,
    /// The room is not there, and is not made by joining.
    NoSuchRoom,
    /// No ingress has that key.
    NoSuchIngress,
}

impl StandIn {
    /// A server on a free port. Its webhooks wait until they are
    /// [delivered](Self::deliver_to). Inside a runtime.
    pub fn start() -> Self {
        let (post, posting) = mpsc::unbounded_channel();
        let house = Arc::new(Mutex::new(House::new(post)));
        let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = door.local_addr().expect("it listens");
        let server = tokio::spawn(api::serve(listener(&door), Arc::clone(&house)));
        Self {
            door,
            address,
            house,
            server: Mutex::new(Some(server)),
            posting: Some(posting),
            postman: Mutex::default(),
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Delivers webhooks from now on, those too that wait.
    ///
    /// # Panics
    /// When it does already.
    pub fn deliver_to(&mut self, receiver: Arc<dyn MediaWebhooks>, faults: Faults) {
        let posting = self.posting.take().expect("it is told once");
        let postman = tokio::spawn(delivery::deliver(posting, receiver, faults));
        *lock(&self.postman) = Some(postman);
    }

    /// The webhooks until now, instead of delivering them.
    pub fn take_deliveries(&mut self) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while let Some(Ok(delivery)) = self.posting.as_mut().map(mpsc::UnboundedReceiver::try_recv)
        {
            taken.push(delivery);
        }
        taken
    }

    /// There is neither an ingress nor an egress service, as in a server without Redis.
    pub fn without_ingress(&self) {
        self.house().has_ingress = false;
    }

    /// The egress service is so from now on.
    pub fn set_egress(&self, service: EgressService) {
        self.house().egress_service = service;
    }

    /// Egresses go no further by themselves from now on.
    pub fn hold_egresses(&self) {
        self.house().egress_waits = true;
    }

    /// For as long as this is kept, nobody is answered that their egress has begun, though it
    /// has.
    pub async fn hold_egress_answers(&self) -> OwnedRwLockWriteGuard<()> {
        let answers = Arc::clone(&self.house().egress_answers);
        answers.write_owned().await
    }

    /// An egress gets one step further: it begins to record, or has put its file in its place.
    pub fn move_egress(&self, id: &str) {
        self.house().move_egress(id);
    }

    /// An egress ends that nobody has stopped.
    pub fn end_egress(&self, id: &str, ending: Ending) {
        self.house().end_egress(id, ending);
    }

    /// The egresses that are listed, oldest first, whether they go on or are over.
    pub fn egresses(&self) -> Vec<EgressInfo> {
        let house = self.house();
        let mut all: Vec<EgressInfo> = house.egresses.values().map(|it| it.info.clone()).collect();
        all.sort_by_key(|egress| egress.started_at);
        all
    }

    /// Nobody answers any more, and all that was in the rooms is gone, without a word. Encoders at
    /// the ingress and egresses come back when their room does.
    pub async fn kill(&self) {
        self.serve(tokio::spawn(api::hang_up(listener(&self.door))))
            .await;
        let mut house = self.house();
        house.is_dead = true;
        house.lose_rooms();
    }

    /// Answers again, at the same address, with no rooms.
    pub async fn revive(&self) {
        self.house().is_dead = false;
        let serving = api::serve(listener(&self.door), Arc::clone(&self.house));
        self.serve(tokio::spawn(serving)).await;
    }

    /// Something else is at the door from now on.
    async fn serve(&self, next: JoinHandle<()>) {
        let before = lock(&self.server).replace(next);
        if let Some(before) = before {
            before.abort();
            // It has been told to.
            let _ = before.await;
        }
    }

    /// Comes into a room with a token, and displaces whoever is there by the same name.
    pub fn join(&self, token: &str) -> Result<Attendee, TurnedAway> {
        let claims = claims(token)?;
        if !claims.video.room_join {
            return Err(TurnedAway::NotAllowed);
        }
        let participant = ParticipantInfo {
            identity: claims.sub,
            name: claims.name,
            metadata: claims.metadata,
            kind: Kind::Standard.into(),
            ..ParticipantInfo::default()
        };
        let publishes = claims.video.can_publish();
        self.house()
            .enter(&claims.video.room, participant, publishes)
    }

    /// Publishes picture and sound.
    pub fn publish(&self, attendee: &Attendee) -> Result<(), TurnedAway> {
        self.house().publish(attendee)
    }

    /// An encoder connects to the ingress with this key, and publishes.
    pub fn connect(&self, stream_key: &str) -> Result<Attendee, TurnedAway> {
        self.house().connect(stream_key)
    }

    /// Goes away.
    pub fn leave(&self, attendee: &Attendee) {
        let why = DisconnectReason::ClientInitiated;
        self.house().leave(&attendee.room, &attendee.sid, why);
    }

    /// Was not heard of for too long: the ingress service was killed that brought them.
    pub fn time_out(&self, attendee: &Attendee) {
        let why = DisconnectReason::ConnectionTimeout;
        self.house().leave(&attendee.room, &attendee.sid, why);
    }

    /// Whether they are still there.
    pub fn is_there(&self, attendee: &Attendee) -> bool {
        self.people(&attendee.room)
            .iter()
            .any(|person| person.sid == attendee.sid)
    }

    /// Who is in a room.
    pub fn people(&self, room: &str) -> Vec<ParticipantInfo> {
        let house = self.house();
        let people = house.rooms.get(room).into_iter().flat_map(|it| &it.people);
        people.map(|(_, inside)| inside.info.clone()).collect()
    }

    /// The rooms that there are.
    pub fn rooms(&self) -> Vec<Room> {
        let house = self.house();
        house.rooms.values().map(|it| it.info.clone()).collect()
    }

    /// The ingresses that there are.
    pub fn ingresses(&self) -> Vec<IngressInfo> {
        self.house().ingresses.values().cloned().collect()
    }

    /// The data that were sent to a room, oldest first.
    pub fn data(&self, room: &str) -> Vec<Vec<u8>> {
        let house = self.house();
        let sent = house.data.iter().filter(|(to, _)| to == room);
        sent.map(|(_, data)| data.clone()).collect()
    }

    fn house(&self) -> MutexGuard<'_, House> {
        lock(&self.house)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        for task in [&self.server, &self.postman] {
            if let Some(task) = lock(task).take() {
                task.abort();
            }
        }
    }
}

fn listener(door: &std::net::TcpListener) -> TcpListener {
    let door = door.try_clone().expect("a socket has more than one handle");
    door.set_nonblocking(true).expect("it is a socket");
    TcpListener::from_std(door).expect("inside a runtime")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn claims(token: &str) -> Result<Claims, TurnedAway> {
    let verifier = TokenVerifier::with_api_key(KEY, SECRET);
    verifier.verify(token).map_err(|_| TurnedAway::BadToken)
}

fn tracks(of: &str) -> Vec<TrackInfo> {
    let track = |kind: TrackType, mime: &str, (width, height)| TrackInfo {
        sid: format!("TR_{}_{of}", kind.as_str_name()),
        r#type: kind.into(),
        mime_type: mime.to_owned(),
        width,
        height,
        ..TrackInfo::default()
    };
    vec![
        track(TrackType::Video, "video/H264", (1280, 720)),
        track(TrackType::Audio, "audio/opus", (0, 0)),
    ]
}
