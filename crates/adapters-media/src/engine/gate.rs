//! Playback grants in use: checked for every media request from memory, asked for once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    GrantToken, MediaEvent, MediaEvents, PlaybackRefused, PlaybackRequest,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::ChannelId;
use parking_lot::RwLock;

use crate::http::Gate;

/// A grant that is not used for so long is asked for again on its next use.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// How many grants may be in use at once.
const MOST: usize = 200_000;

/// The grants that players use now.
pub(super) struct Grants {
    began: Instant,
    in_use: RwLock<HashMap<GrantToken, Grant>>,
    events: OnceLock<Arc<dyn MediaEvents>>,
}

struct Grant {
    handle: Handle,
    channel: ChannelId,
    viewer: Identity,
    /// Milliseconds since [`Grants::began`].
    used: AtomicU64,
    reported: AtomicU64,
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            in_use: RwLock::default(),
            events: OnceLock::new(),
        }
    }
}

impl Grants {
    pub(super) fn connect(&self, events: Arc<dyn MediaEvents>) {
        // A second run finds the first one's: there is one application behind an engine.
        let _ = self.events.set(events);
    }

    /// Somebody's grants for a channel are worth nothing from now on.
    pub(super) fn revoke(&self, channel: ChannelId, viewer: Identity) {
        self.in_use
            .write()
            .retain(|_, grant| grant.channel != channel || grant.viewer != viewer);
    }

    /// Who has asked for media since this was called last. What nobody uses is let go.
    pub(super) fn used_lately(&self) -> Vec<MediaEvent> {
        let now = self.now();
        let oldest =
            now.saturating_sub(u64::try_from(FORGOTTEN_AFTER.as_millis()).unwrap_or(u64::MAX));
        let mut watched: HashMap<ChannelId, Vec<Identity>> = HashMap::new();
        let mut stale = 0;
        for grant in self.in_use.read().values() {
            let used = grant.used.load(Ordering::Relaxed);
            if used > grant.reported.swap(used, Ordering::Relaxed) {
                watched.entry(grant.channel).or_default().push(grant.viewer);
            }
            stale += usize::from(used < oldest);
        }
        if stale > 0 {
            self.in_use
                .write()
                .retain(|_, grant| grant.used.load(Ordering::Relaxed) >= oldest);
        }
        let event = |(channel, mut viewers): (ChannelId, Vec<Identity>)| {
            viewers.sort_unstable();
            viewers.dedup();
            MediaEvent::Watched { channel, viewers }
        };
        watched.into_iter().map(event).collect()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl Gate for Grants {
    async fn enter(
        &self,
        handle: &str,
        grant: Option<GrantToken>,
    ) -> Result<GrantToken, PlaybackRefused> {
        let handle = Handle::parse(handle).map_err(|_| PlaybackRefused::NoSuchChannel)?;
        let events = self.events.get().ok_or(PlaybackRefused::NoSuchChannel)?;
        let request = PlaybackRequest {
            handle: handle.clone(),
            grant,
        };
        let lease = events.authorize_playback(request).await?;
        let mut in_use = self.in_use.write();
        if in_use.len() >= MOST && !in_use.contains_key(&lease.grant) {
            return Err(PlaybackRefused::Unavailable(Box::new(TooManyGrants)));
        }
        let now = self.now();
        in_use.entry(lease.grant.clone()).or_insert_with(|| Grant {
            handle,
            channel: lease.channel,
            viewer: lease.viewer,
            used: AtomicU64::new(now),
            // Who has only asked for the address is not watching yet.
            reported: AtomicU64::new(now),
        });
        Ok(lease.grant)
    }

    fn knows(&self, handle: &str, grant: &GrantToken) -> bool {
        let in_use = self.in_use.read();
        let Some(known) = in_use
            .get(grant)
            .filter(|known| known.handle.as_str() == handle)
        else {
            return false;
        };
        known.used.store(self.now() + 1, Ordering::Relaxed);
        true
    }
}

/// More players than the engine keeps count of.
#[derive(Debug, thiserror::Error)]
#[error("there are too many players")]
struct TooManyGrants;
