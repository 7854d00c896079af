//! A platform in memory, whose time the test moves.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryObjects, InMemoryPresence,
    InMemoryRateLimits, InMemoryStore,
};
use greenroom_app::account::register::{self, Register};
use greenroom_app::account::{become_creator, setup};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::keys::{self, CreateKey, RevealedKey};
use greenroom_app::chat::post::{self, Post, Posted};
use greenroom_app::realtime::{Listener, Published, Shown};
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::{App, Ports, Refusal, Roles, Settings};
use greenroom_domain::account::{Password, User, Username};
use greenroom_domain::channel::{Channel, Handle, KeyLabel, KeySecret};
use greenroom_domain::chat::{ClientMessageId, Line, Seq};
use greenroom_domain::media::{
    IngestLease, MediaEvent, MediaEvents, PublishRefused, PublishRequest,
};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::clock::{Clock, Timestamp};
use greenroom_domain::shared::commit::{Changes, Commit, CommitError, Committed};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::rate::Quota;
use greenroom_domain::stream::{Generation, Stream, Streams};
use greenroom_testkit::builders::{NOON, guest_id, node_id, title};
use greenroom_testkit::bus::UnreliableBus;
use greenroom_testkit::identity::{GlassBox, KnownTokens, PlainPasswords};
use greenroom_testkit::media::FakeMediaServer;
use greenroom_testkit::pictures::PlainPictures;
use greenroom_testkit::recording::InMemoryRecorder;
use greenroom_testkit::{ManualClock, SeededIds};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An [`App`] and what it stands on.
#[derive(Clone)]
pub(crate) struct Platform {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<InMemoryStore>,
    pub(crate) commits: Arc<FlakyCommit>,
    pub(crate) media: Arc<FakeMediaServer>,
    pub(crate) recorder: Arc<InMemoryRecorder>,
    /// This node's end of the bus.
    pub(crate) bus: Arc<UnreliableBus>,
    cable: Arc<InMemoryBus>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tokens: Arc<KnownTokens>,
}

/// Settings with which no test is too fast.
pub(crate) fn settings() -> Settings {
    let unlimited = Quota {
        burst: 1_000_000,
        per: Duration::from_millis(1),
    };
    Settings {
        sign_in_quota: unlimited,
        publish_quota: unlimited,
        ..Settings::default()
    }
}

impl Platform {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let store = Arc::new(InMemoryStore::new());
        let commits = Arc::new(FlakyCommit::over(store.clone()));
        let media = Arc::new(FakeMediaServer::default());
        let recorder = Arc::new(InMemoryRecorder::default());
        let cable = Arc::new(InMemoryBus::default());
        let bus = Arc::new(UnreliableBus::over(Arc::new(cable.another())));
        let clock = Arc::new(ManualClock::default());
        let tokens = Arc::new(KnownTokens::default());
        let roles = Roles {
            presence: Arc::new(InMemoryPresence::default()),
            rate_limits: Arc::new(InMemoryRateLimits::default()),
            leases: Arc::new(InMemoryLeases::default()),
            bus: bus.clone(),
            nodes: Arc::new(InMemoryNodes::default()),
            passwords: Arc::new(PlainPasswords),
            tokens: tokens.clone(),
            secrets: Arc::new(GlassBox),
            media: media.clone(),
            recorder: Some(recorder.clone()),
            objects: Arc::new(InMemoryObjects::default()),
            pictures: Arc::new(PlainPictures),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(1)),
        };
        let ports = Ports {
            commit: commits.clone(),
            ..Ports::over(store.clone(), roles)
        };
        Self {
            app: App::new(node_id("one"), ports, settings),
            store,
            commits,
            media,
            recorder,
            bus,
            cable,
            clock,
            tokens,
        }
    }

    /// Another process of this name over the same stores; its media engine is its own.
    pub(crate) fn another(&self, node: &str) -> Self {
        let media = Arc::new(FakeMediaServer::default());
        let bus = Arc::new(UnreliableBus::over(Arc::new(self.cable.another())));
        let ports = Ports {
            media: media.clone(),
            bus: bus.clone(),
            ..self.app.ports.clone()
        };
        Self {
            app: App::new(node_id(node), ports, self.app.settings.clone()),
            media,
            bus,
            ..self.clone()
        }
    }

    /// Another process over the same, by this clock.
    pub(crate) fn with_clock(&self, clock: RuntimeClock) -> Self {
        let ports = Ports {
            clock: Arc::new(clock),
            ..self.app.ports.clone()
        };
        Self {
            app: App::new(self.app.node, ports, self.app.settings.clone()),
            ..self.clone()
        }
    }

    /// Where this node is reached.
    pub(crate) fn address(&self) -> NodeAddress {
        let address = format!("https://{}.example.org", self.app.node);
        NodeAddress::parse(&address).expect("an address")
    }

    /// This node is there for a lease's time, without running.
    pub(crate) async fn announce(&self) {
        let until = self.clock.now() + Duration::from_secs(15);
        let (nodes, address) = (&self.app.ports.nodes, self.address());
        let announced = nodes.announce(self.app.node, &address, until);
        announced.await.expect("memory answers");
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn register(&self, name: &str) -> Result<User, Refusal> {
        let guest = Actor::Guest(guest_id(name));
        register::execute(&self.app, &guest, registration(name)).await
    }

    /// Somebody with an account.
    pub(crate) async fn user(&self, name: &str) -> Actor {
        acting(&self.register(name).await.expect("a free name"))
    }

    /// The first administrator.
    pub(crate) async fn admin(&self) -> Actor {
        let link = setup::open(&self.app).await.expect("a store that answers");
        let link = link.expect("no administrator yet");
        let user = setup::execute(&self.app, &link, registration("root")).await;
        acting(&user.expect("a link that is valid"))
    }

    /// A creator and their channel, of the same name.
    pub(crate) async fn creator(&self, name: &str) -> (Actor, Channel) {
        let actor = self.user(name).await;
        become_creator::execute(&self.app, &actor)
            .await
            .expect("approved at once");
        let command = CreateChannel {
            handle: handle(name),
            title: title("Making things"),
        };
        let channel = create::execute(&self.app, &actor, command).await;
        (actor, channel.expect("a free handle").value)
    }

    /// A key of a creator's channel; bound to a stream, perhaps.
    pub(crate) async fn key(
        &self,
        owner: &Actor,
        channel: &Channel,
        bound_to: Option<StreamId>,
    ) -> RevealedKey {
        let command = CreateKey {
            handle: channel.handle.clone(),
            label: KeyLabel::parse("OBS").expect("a label"),
            bound_to,
        };
        keys::create(&self.app, owner, command)
            .await
            .expect("a new key")
    }

    /// An encoder comes with this key. When it is let in, it is connected, and not silent.
    pub(crate) async fn publish(&self, key: &KeySecret) -> Result<IngestLease, PublishRefused> {
        let request = PublishRequest {
            key: key.clone(),
            peer: PEER,
        };
        let lease = Ingests(self.app.clone()).authorize_publish(request).await?;
        self.media
            .connect(lease.stream, lease.generation, Duration::ZERO);
        Ok(lease)
    }

    /// The engine has lost this encoder.
    pub(crate) async fn lose(&self, lease: &IngestLease) {
        self.lose_generation(lease.stream, lease.generation).await;
    }

    pub(crate) async fn lose_generation(&self, stream: StreamId, generation: Generation) {
        let event = MediaEvent::IngestLost { stream, generation };
        Ingests(self.app.clone())
            .report(event)
            .await
            .expect("a report that is taken");
    }

    pub(crate) async fn stream(&self, id: StreamId) -> Stream {
        let stored = Streams::get(&*self.store, id).await;
        stored
            .expect("memory answers")
            .expect("a stream that is there")
            .value
    }

    pub(crate) async fn live_of(&self, channel: ChannelId) -> Option<Stream> {
        let live = self.store.live_of(channel).await.expect("memory answers");
        live.map(|stored| stored.value)
    }

    pub(crate) async fn say(
        &self,
        actor: &Actor,
        room: ChannelId,
        text: &str,
    ) -> Result<Posted, Refusal> {
        post::execute(&self.app, actor, message(room, text)).await
    }

    pub(crate) async fn say_as(
        &self,
        actor: &Actor,
        room: ChannelId,
        text: &str,
        id: &str,
    ) -> Result<Posted, Refusal> {
        let client_id = Some(ClientMessageId::parse(id).expect("a client message id"));
        let post = Post {
            client_id,
            ..message(room, text)
        };
        post::execute(&self.app, actor, post).await
    }
}

pub(crate) fn message(channel: ChannelId, text: &str) -> Post {
    Post {
        channel,
        text: text.to_owned(),
        client_id: None,
        reply_to: None,
    }
}

pub(crate) fn registration(name: &str) -> Register {
    Register {
        username: username(name),
        display_name: None,
        password: password("correct horse"),
        peer: Some(PEER),
    }
}

pub(crate) fn acting(user: &User) -> Actor {
    Actor::User {
        id: user.id,
        role: user.role,
    }
}

pub(crate) fn username(name: &str) -> Username {
    Username::parse(name).expect("a user name")
}

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).expect("a password")
}

pub(crate) fn handle(name: &str) -> Handle {
    Handle::parse(name).expect("a handle")
}

/// The application runs until this is stopped.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn of(it: &Platform) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(it.app.clone().run(it.address(), shutdown.clone()));
        Self { shutdown, task }
    }

    /// The process is gone from one moment to the next.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("it ends at shutdown");
    }
}

/// Waits for it. Time is paused in these tests: it passes only while everybody waits.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    for _ in 0..100_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to be");
}

/// Commits as told: for a while the disk is full, or others are faster.
pub(crate) struct FlakyCommit {
    store: Arc<dyn Commit>,
    trouble: Mutex<VecDeque<Trouble>>,
    always: Mutex<Option<Trouble>>,
    asked: std::sync::atomic::AtomicUsize,
    arrived: tokio::sync::Notify,
    released: tokio::sync::Notify,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// All is well.
    None,
    /// It waits until the test lets it go on.
    Held,
    /// Nothing is kept: the disk is full.
    Full,
    /// Nothing is kept: somebody else was faster.
    Conflict,
}

impl FlakyCommit {
    fn over(store: Arc<dyn Commit>) -> Self {
        Self {
            store,
            trouble: Mutex::default(),
            always: Mutex::default(),
            asked: std::sync::atomic::AtomicUsize::new(0),
            arrived: tokio::sync::Notify::new(),
            released: tokio::sync::Notify::new(),
        }
    }

    /// The next commits come to this.
    pub(crate) fn next(&self, trouble: impl IntoIterator<Item = Trouble>) {
        let mut next = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        next.extend(trouble);
    }

    /// All commits come to this, until told otherwise.
    pub(crate) fn always(&self, trouble: Option<Trouble>) {
        *self.always.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Does this between what the next commit of `of` has read and its commit.
    pub(crate) async fn between<A, B>(
        &self,
        of: impl Future<Output = A>,
        this: impl Future<Output = B>,
    ) -> (A, B) {
        self.next([Trouble::Held]);
        tokio::join!(of, async {
            self.arrived.notified().await;
            let done = this.await;
            self.released.notify_one();
            done
        })
    }

    /// How many commits were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }
}

#[async_trait]
impl Commit for FlakyCommit {
    async fn commit(&self, changes: Changes) -> Result<Committed, CommitError> {
        self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let always = *self.always.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        match always.or(next) {
            Some(Trouble::Full) => Err(CommitError::Full),
            Some(Trouble::Held) => {
                self.arrived.notify_one();
                self.released.notified().await;
                self.store.commit(changes).await
            }
            Some(Trouble::Conflict) => Err(CommitError::Conflict),
            Some(Trouble::None) | None => self.store.commit(changes).await,
        }
    }
}

/// Listens, and keeps all that it is given.
#[derive(Default)]
pub(crate) struct Ear {
    heard: Mutex<Vec<Shown>>,
    streams: Mutex<Vec<(Seq, Option<StreamId>)>>,
    shut_out: Mutex<Vec<Identity>>,
    pub(crate) changed: tokio::sync::Notify,
}

impl Ear {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn heard(&self) -> Vec<Shown> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Who may not be here any more.
    pub(crate) fn shut_out(&self) -> Vec<Identity> {
        self.shut_out
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let lines = self.heard().into_iter().filter_map(|shown| match shown {
            Shown::Line(line) => Some(line),
            Shown::Ephemeral(_) => None,
        });
        lines.collect()
    }

    /// The numbers of the lines, and which streams they belong to.
    pub(crate) fn streams(&self) -> Vec<(Seq, Option<StreamId>)> {
        self.streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn places(&self) -> Vec<Seq> {
        self.lines().iter().map(|line| line.place.seq).collect()
    }

    /// Waits until it has heard the line of this number.
    pub(crate) async fn hears(&self, seq: Seq) {
        let hearing = async {
            loop {
                let changed = self.changed.notified();
                if self.places().last().is_some_and(|last| *last >= seq) {
                    return;
                }
                changed.await;
            }
        };
        let heard = tokio::time::timeout(PATIENCE, hearing).await;
        assert!(heard.is_ok(), "{seq:?}: it has heard {:?}", self.places());
    }

    fn take(&self, published: &Published) {
        if let Shown::Line(line) = &published.shown {
            let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            streams.push((line.place.seq, published.stream));
        }
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(published.shown.clone());
        self.changed.notify_one();
    }
}

#[async_trait]
impl Listener for Ear {
    fn shut_out(&self, who: Identity) {
        let mut shut_out = self.shut_out.lock().unwrap_or_else(PoisonError::into_inner);
        shut_out.push(who);
        self.changed.notify_one();
    }

    fn deliver(&self, published: &Arc<Published>) {
        self.take(published);
    }

    async fn catch_up(&self, missed: Vec<Published>) {
        // Others get to run in between, as with a queue that is full for a moment.
        tokio::task::yield_now().await;
        for published in &missed {
            self.take(published);
        }
    }
}

/// The time by the platform's clock.
pub(crate) fn now(platform: &Platform) -> Timestamp {
    platform.clock.now()
}

/// A platform whose time is that of the tests' runtime: paused, it passes while everybody waits.
pub(crate) fn ticking() -> Platform {
    let it = Platform::new();
    it.with_clock(RuntimeClock {
        noon: tokio::time::Instant::now(),
        ahead: Duration::ZERO,
    })
}

/// Noon is when it began, or would be if it were not ahead.
pub(crate) struct RuntimeClock {
    pub(crate) noon: tokio::time::Instant,
    pub(crate) ahead: Duration,
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        NOON + self.noon.elapsed() + self.ahead
    }
}
