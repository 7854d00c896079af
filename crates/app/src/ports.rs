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

/// Names each port once: for the application, for whoever puts it together, and as a part of a
/// store.
macro_rules! ports {
    (
        store { $($(#[$kept_is:meta])+ $kept:ident: $part:ident,)+ }
        beside { $($(#[$role_is:meta])+ $role:ident: $of:ty,)+ }
    ) => {
        /// What the application stands on: one adapter for each port.
        #[derive(Clone)]
        pub struct Ports {
            $($(#[$kept_is])+ pub $kept: Arc<dyn $part>,)+
            $($(#[$role_is])+ pub $role: $of,)+
        }

        /// The ports beside those of a store.
        #[derive(Clone)]
        pub struct Roles {
            $($(#[$role_is])+ pub $role: $of,)+
        }

        /// A store: every port that reads, writes or replays what is kept, on one type. Who has
        /// them all is one already.
        pub trait Store: $($part +)+ 'static {}

        impl<S: $($part +)+ 'static> Store for S {}

        impl Ports {
            /// One store for everything that is kept, and these beside it.
            pub fn over(store: Arc<dyn Store>, roles: Roles) -> Self {
                Self {
                    $($kept: store.clone(),)+
                    $($role: roles.$role,)+
                }
            }

            /// The same over another store.
            #[must_use]
            pub fn with_store(self, store: Arc<dyn Store>) -> Self {
                Self {
                    $($kept: store.clone(),)+
                    ..self
                }
            }
        }
    };
}

ports! {
    store {
        /// Keeps changes.
        commit: Commit,
        /// Replays them.
        feed: Feed,
        /// Reads accounts.
        users: Users,
        /// Reads local sessions.
        sessions: Sessions,
        /// Reads channels.
        channels: Channels,
        /// Reads stream keys.
        stream_keys: StreamKeys,
        /// Reads streams.
        streams: Streams,
        /// Reads recordings.
        recordings: Recordings,
        /// Reads rooms' logs.
        room_log: RoomLog,
        /// Reads rooms' rules.
        moderation: Moderation,
        /// Reads who did what to a channel.
        audit: Audit,
        /// Reads who follows whom.
        follows: Follows,
        /// Reads who has blocked whom.
        blocks: Blocks,
        /// Reads what requests have made.
        replies: Replies,
    }
    beside {
        /// Knows who watches.
        presence: Arc<dyn Presence>,
        /// Counts how often.
        rate_limits: Arc<dyn RateLimits>,
        /// Decides which node does what.
        leases: Arc<dyn Leases>,
        /// Shows rooms at the other nodes too.
        bus: Arc<dyn Bus>,
        /// Knows which nodes there are.
        nodes: Arc<dyn Nodes>,
        /// Hashes passwords.
        passwords: Arc<dyn Passwords>,
        /// Checks the host platform's tokens.
        tokens: Arc<dyn TokenVerifier>,
        /// Holds the master key.
        secrets: Arc<dyn SecretBox>,
        /// Takes media in and gives it out.
        media: Arc<dyn MediaServer>,
        /// Keeps what is published; `None` where streams cannot be recorded.
        recorder: Option<Arc<dyn Recorder>>,
        /// Keeps pictures.
        objects: Arc<dyn Objects>,
        /// Makes them of what people send.
        pictures: Arc<dyn Pictures>,
        /// Tells the time.
        clock: Arc<dyn Clock>,
        /// Makes ids and secrets.
        ids: Arc<dyn Ids>,
    }
}
