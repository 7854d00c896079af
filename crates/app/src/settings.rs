use std::time::Duration;

use greenroom_domain::account::CreatorApproval;
use greenroom_domain::recording::RecordingRules;
use greenroom_domain::shared::rate::Quota;
use greenroom_domain::stream::StreamRules;

/// What an operator chooses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who approves creators.
    pub approval: CreatorApproval,
    /// Who may make a local account.
    pub registration: Registration,
    /// The times of a stream's life.
    pub streams: StreamRules,
    /// The times of a recording's life.
    pub recordings: RecordingRules,
    /// How long somebody is present after their player's last request for media.
    pub media_presence: Duration,
    /// How long somebody is present after their connection was heard of last; connections
    /// renew it well before.
    pub socket_presence: Duration,
    /// How often accounts may be made or signed in to from one address.
    pub sign_in_quota: Quota,
    /// How often encoders may try to publish from one address.
    pub publish_quota: Quota,
    /// How long feed records are kept, once every consumer has passed them.
    pub feed_retention: Duration,
}

/// Who may make a local account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Only the operator, on the command line.
    Closed,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            approval: CreatorApproval::Automatic,
            registration: Registration::Open,
            streams: StreamRules::default(),
            recordings: RecordingRules::default(),
            media_presence: Duration::from_secs(15),
            socket_presence: Duration::from_secs(75),
            sign_in_quota: Quota {
                burst: 20,
                per: Duration::from_secs(60),
            },
            publish_quota: Quota {
                burst: 30,
                per: Duration::from_secs(30),
            },
            feed_retention: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
