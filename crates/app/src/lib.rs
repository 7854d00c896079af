//! Greenroom's use cases.
//!
//! One file each, in the folder of its capability: it reads what it needs through the
//! ports, asks the domain, commits the answer and tells the outside. It never decides.
//!
//! [`App`] is what an embedding program builds from its [`Ports`] and [`Settings`], gives to
//! its routers, and [runs](App::run) for as long as it lives.
#![deny(missing_docs)]

pub mod account;
mod authz;
pub mod channel;
pub mod chat;
mod commit;
pub mod consumers;
mod hex;
mod node;
pub mod notification;
mod once;
pub mod picture;
mod ports;
pub mod realtime;
pub mod recording;
mod refusal;
mod remember;
mod run;
mod settings;
pub mod social;
pub mod stream;

use std::sync::Arc;

use greenroom_domain::account::{SessionId, User};
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{NodeId, UserId};
use tokio::sync::broadcast;

pub use ports::{Ports, Roles, Store};
pub use refusal::Refusal;
pub use settings::{Registration, Settings};

use crate::account::setup::Setup;
use crate::channel::view::ChannelView;
use crate::chat::react::Tally;
use crate::chat::rules::RoomRules;
use crate::chat::typing::Typists;
use crate::notification::Registry;
use crate::realtime::Hub;
use crate::recording::Happenings;
use crate::remember::Remembered;
use crate::stream::audience::Owed;
use crate::stream::listing::LiveSnapshot;
use crate::stream::sweep::Absences;

/// The application: every use case takes it first.
pub struct App {
    /// This process.
    pub node: NodeId,
    /// What it stands on.
    pub ports: Ports,
    /// What its operator chose.
    pub settings: Settings,
    /// Who is listening.
    pub hub: Arc<Hub>,
    pub(crate) rules: RoomRules,
    pub(crate) reactions: Tally,
    pub(crate) typists: Typists,
    pub(crate) notifications: Registry,
    pub(crate) recordings: Happenings,
    pub(crate) live: LiveSnapshot,
    pub(crate) channels: Remembered<Handle, ChannelView>,
    pub(crate) users: Remembered<UserId, User>,
    pub(crate) setup: Setup,
    pub(crate) owed: Owed,
    pub(crate) absences: Absences,
    ended_sessions: broadcast::Sender<SessionId>,
}

/// So many sessions may end before whoever hears of it has to look for itself.
const ENDED_SESSIONS: usize = 1024;

impl App {
    /// Puts it together. Nothing happens before [`App::run`].
    pub fn new(node: NodeId, ports: Ports, settings: Settings) -> Arc<Self> {
        let hub = Arc::new(Hub::new(
            Arc::clone(&ports.room_log),
            Arc::clone(&ports.moderation),
            Arc::clone(&ports.streams),
            Arc::clone(&ports.clock),
        ));
        Arc::new(Self {
            node,
            ports,
            settings,
            hub,
            rules: RoomRules::default(),
            reactions: Tally::default(),
            typists: Typists::default(),
            notifications: Registry::default(),
            recordings: Happenings::default(),
            live: LiveSnapshot::default(),
            channels: Remembered::default(),
            users: Remembered::default(),
            setup: Setup::default(),
            owed: Owed::default(),
            absences: Absences::default(),
            ended_sessions: broadcast::Sender::new(ENDED_SESSIONS),
        })
    }

    /// Tells of each session that is ended from now on, at whatever node: by signing out, or
    /// with a new password. Who lags behind asks for the sessions that matter to it.
    pub fn ended_sessions(&self) -> broadcast::Receiver<SessionId> {
        self.ended_sessions.subscribe()
    }

    pub(crate) fn session_ended(&self, session: SessionId) {
        // Nobody may be there to hear it.
        let _ = self.ended_sessions.send(session);
    }

    /// The time by the port.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}
