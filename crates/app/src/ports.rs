use std::sync::Arc;

use greenroom_domain::account::{Passwords, Sessions, TokenVerifier, Users};
use greenroom_domain::channel::{Channels, StreamKeys};
use greenroom_domain::chat::{Audit, Moderation, RoomLog};
use greenroom_domain::media::MediaServer;
use greenroom_domain::recording::{Recorder, Recordings};
use greenroom_domain::shared::bus::Bus;
use greenroom_domain::shared::clock::Clock;
use greenroom_domain::shared::commit::Commit;
use greenroom_domain::shared::feed::Feed;
use greenroom_domain::shared::id::Ids;
use greenroom_domain::shared::lease::Leases;
use greenroom_domain::shared::node::Nodes;
use greenroom_domain::shared::object::Objects;
use greenroom_domain::shared::once::Replies;
use greenroom_domain::shared::picture::Pictures;
use greenroom_domain::shared::rate::RateLimits;
use greenroom_domain::shared::secret::SecretBox;
use greenroom_domain::social::{Blocks, Follows};
use greenroom_domain::stream::{Presence, Streams};

/// What the application stands on: one adapter for each port.
#[derive(Clone)]
pub struct Ports {
    /// Keeps changes.
    pub commit: Arc<dyn Commit>,
    /// Replays them.
    pub feed: Arc<dyn Feed>,
    /// Reads accounts.
    pub users: Arc<dyn Users>,
    /// Reads local sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Reads channels.
    pub channels: Arc<dyn Channels>,
    /// Reads stream keys.
    pub stream_keys: Arc<dyn StreamKeys>,
    /// Reads streams.
    pub streams: Arc<dyn Streams>,
    /// Reads recordings.
    pub recordings: Arc<dyn Recordings>,
    /// Reads rooms' logs.
    pub room_log: Arc<dyn RoomLog>,
    /// Reads rooms' rules.
    pub moderation: Arc<dyn Moderation>,
    /// Reads who did what to a channel.
    pub audit: Arc<dyn Audit>,
    /// Reads who follows whom.
    pub follows: Arc<dyn Follows>,
    /// Reads who has blocked whom.
    pub blocks: Arc<dyn Blocks>,
    /// Reads what requests have made.
    pub replies: Arc<dyn Replies>,
    /// Knows who watches.
    pub presence: Arc<dyn Presence>,
    /// Counts how often.
    pub rate_limits: Arc<dyn RateLimits>,
    /// Decides which node does what.
    pub leases: Arc<dyn Leases>,
    /// Shows rooms at the other nodes too.
    pub bus: Arc<dyn Bus>,
    /// Knows which nodes there are.
    pub nodes: Arc<dyn Nodes>,
    /// Hashes passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Checks the host platform's tokens.
    pub tokens: Arc<dyn TokenVerifier>,
    /// Holds the master key.
    pub secrets: Arc<dyn SecretBox>,
    /// Takes media in and gives it out.
    pub media: Arc<dyn MediaServer>,
    /// Keeps what is published; `None` where streams cannot be recorded.
    pub recorder: Option<Arc<dyn Recorder>>,
    /// Keeps pictures.
    pub objects: Arc<dyn Objects>,
    /// Makes them of what people send.
    pub pictures: Arc<dyn Pictures>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and secrets.
    pub ids: Arc<dyn Ids>,
}
