//! Playback grants in use: checked for every media request from memory, asked for once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    GrantToken, MediaEvent, MediaEvents, PlaybackLease, PlaybackRefused, PlaybackRequest,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::node::NodeAddress;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::http::Gate;

/// A grant that is not used for so long is asked for again on its next use.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(300);
/// The same for one that was given out and never used.
const UNUSED_AFTER: Duration = Duration::from_secs(30);
/// How many grants may be in use at once.
const MOST: usize = 200_000;
/// How often it is asked anew because somebody was shut out meanwhile.
const ASKED_ANEW: u32 = 5;

/// The grants that players use now.
pub(super) struct Grants {
    began: Instant,
    in_use: RwLock<HashMap<GrantToken, Grant>>,
    most: usize,
    /// Grants that the application is being asked about.
    asking: Mutex<HashMap<GrantToken, Arc<tokio::sync::Mutex<()>>>>,
    /// Counts who was shut out; changed under the write lock of `in_use`.
    revocations: watch::Sender<u64>,
    events: OnceLock<Arc<dyn MediaEvents>>,
}

struct Grant {
    handle: Handle,
    channel: ChannelId,
    viewer: Identity,
    /// When it was put here, in milliseconds since [`Grants::began`].
    since: u64,
    /// When media was last asked for with it; 0: never yet.
    used: AtomicU64,
    /// The use that was reported last.
    reported: AtomicU64,
}

impl Default for Grants {
    fn default() -> Self {
        Self::holding(MOST)
    }
}

impl Grants {
    fn holding(most: usize) -> Self {
        Self {
            began: Instant::now(),
            in_use: RwLock::default(),
            most,
            asking: Mutex::default(),
            revocations: watch::Sender::new(0),
            events: OnceLock::new(),
        }
    }

    pub(super) fn connect(&self, events: Arc<dyn MediaEvents>) {
        // A second run finds the first one's: there is one application behind an engine.
        let _ = self.events.set(events);
    }

    /// Somebody's grants for a channel are worth nothing from now on, neither for who waits nor
    /// for who is just being let in.
    pub(super) fn revoke(&self, channel: ChannelId, viewer: Identity) {
        let mut in_use = self.in_use.write();
        in_use.retain(|_, grant| grant.channel != channel || grant.viewer != viewer);
        self.revocations.send_modify(|count| *count += 1);
    }

    /// Everybody who plays a channel is asked about anew, those too who wait.
    pub(super) fn forget(&self, channel: ChannelId) {
        let mut in_use = self.in_use.write();
        in_use.retain(|_, grant| grant.channel != channel);
        self.revocations.send_modify(|count| *count += 1);
    }

    /// Who has asked for media since this was called last. What nobody uses is let go.
    pub(super) fn used_lately(&self) -> Vec<MediaEvent> {
        let now = self.now();
        let mut watched: HashMap<ChannelId, Vec<Identity>> = HashMap::new();
        let mut stale = 0;
        for grant in self.in_use.read().values() {
            let used = grant.used.load(Ordering::Relaxed);
            if used > grant.reported.swap(used, Ordering::Relaxed) {
                watched.entry(grant.channel).or_default().push(grant.viewer);
            }
            stale += usize::from(grant.is_stale(now));
        }
        if stale > 0 {
            self.in_use.write().retain(|_, grant| !grant.is_stale(now));
        }
        let event = |(channel, mut viewers): (ChannelId, Vec<Identity>)| {
            viewers.sort_unstable();
            viewers.dedup();
            MediaEvent::Watched { channel, viewers }
        };
        watched.into_iter().map(event).collect()
    }

    async fn ask(
        &self,
        handle: &Handle,
        grant: Option<&GrantToken>,
    ) -> Result<PlaybackLease, PlaybackRefused> {
        let events = self.events.get().ok_or(PlaybackRefused::NoSuchChannel)?;
        for _ in 0..ASKED_ANEW {
            let before = *self.revocations.borrow();
            let request = PlaybackRequest {
                handle: handle.clone(),
                grant: grant.cloned(),
            };
            let lease = events.authorize_playback(request).await?;
            let mut in_use = self.in_use.write();
            // Whoever was shut out while the question was on its way may be the one it was about.
            if *self.revocations.borrow() != before {
                continue;
            }
            if in_use.len() < self.most {
                in_use
                    .entry(lease.grant.clone())
                    .or_insert_with(|| Grant::new(handle, &lease, self.now()));
            }
            return Ok(lease);
        }
        Err(PlaybackRefused::Unavailable(Box::new(TooManyRevocations)))
    }

    fn contains(&self, handle: &Handle, grant: &GrantToken) -> bool {
        let in_use = self.in_use.read();
        in_use
            .get(grant)
            .is_some_and(|known| known.handle == *handle)
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed()) + 1
    }
}

#[async_trait]
impl Gate for Grants {
    async fn enter(
        &self,
        handle: &Handle,
        grant: Option<GrantToken>,
    ) -> Result<GrantToken, PlaybackRefused> {
        Ok(self.ask(handle, grant.as_ref()).await?.grant)
    }

    async fn admit(&self, handle: &Handle, grant: &GrantToken) -> Result<(), PlaybackRefused> {
        if self.knows(handle, grant) {
            return Ok(());
        }
        // A player asks for several things at once: one question is enough.
        let turn = Turn::of(self, grant);
        let _mine = turn.lock.lock().await;
        if self.knows(handle, grant) {
            return Ok(());
        }
        self.ask(handle, Some(grant)).await?;
        if self.knows(handle, grant) {
            return Ok(());
        }
        let full = self.in_use.read().len() >= self.most;
        Err(if full {
            PlaybackRefused::Unavailable(Box::new(TooManyGrants))
        } else {
            PlaybackRefused::BadGrant
        })
    }

    fn knows(&self, handle: &Handle, grant: &GrantToken) -> bool {
        let in_use = self.in_use.read();
        let Some(known) = in_use.get(grant).filter(|known| known.handle == *handle) else {
            return false;
        };
        known.used.store(self.now(), Ordering::Relaxed);
        true
    }

    async fn elsewhere(&self, handle: &Handle) -> Option<NodeAddress> {
        let request = PlaybackRequest {
            handle: handle.clone(),
            grant: None,
        };
        match self.events.get()?.authorize_playback(request).await {
            Err(PlaybackRefused::Elsewhere(node)) => Some(node),
            _ => None,
        }
    }

    async fn shut_out(&self, handle: &Handle, grant: &GrantToken) {
        let mut revocations = self.revocations.subscribe();
        // The sender is ours and lives as long as `self`.
        while self.contains(handle, grant) && revocations.changed().await.is_ok() {}
    }
}

impl Grant {
    fn new(handle: &Handle, lease: &PlaybackLease, now: u64) -> Self {
        Self {
            handle: handle.clone(),
            channel: lease.channel,
            viewer: lease.viewer,
            since: now,
            // Who has only asked for the address is not watching yet.
            used: AtomicU64::new(0),
            reported: AtomicU64::new(0),
        }
    }

    fn is_stale(&self, now: u64) -> bool {
        match self.used.load(Ordering::Relaxed) {
            0 => now.saturating_sub(self.since) > millis(UNUSED_AFTER),
            used => now.saturating_sub(used) > millis(FORGOTTEN_AFTER),
        }
    }
}

/// One of those who ask about the same grant at the same time.
struct Turn<'a> {
    grants: &'a Grants,
    grant: &'a GrantToken,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl<'a> Turn<'a> {
    fn of(grants: &'a Grants, grant: &'a GrantToken) -> Self {
        let lock = grants
            .asking
            .lock()
            .entry(grant.clone())
            .or_default()
            .clone();
        Self {
            grants,
            grant,
            lock,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut asking = self.grants.asking.lock();
        // Ours and the table's: nobody else is waiting.
        if Arc::strong_count(&self.lock) == 2 {
            asking.remove(self.grant);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// More players than the engine keeps count of.
#[derive(Debug, thiserror::Error)]
#[error("there are too many players")]
struct TooManyGrants;

/// People are shut out faster than it can be asked who may watch.
#[derive(Debug, thiserror::Error)]
#[error("who may watch is changing too fast")]
struct TooManyRevocations;

#[cfg(test)]
mod tests {
    use greenroom_domain::media::{IngestLease, PublishRefused, PublishRequest};
    use greenroom_domain::shared::store::StoreError;
    use greenroom_testkit::builders::{NOON, channel_id, guest};

    use super::*;

    /// Lets every player in.
    struct Anybody;

    #[async_trait]
    impl MediaEvents for Anybody {
        async fn authorize_publish(
            &self,
            _: PublishRequest,
        ) -> Result<IngestLease, PublishRefused> {
            Err(PublishRefused::UnknownKey)
        }

        async fn authorize_playback(
            &self,
            request: PlaybackRequest,
        ) -> Result<PlaybackLease, PlaybackRefused> {
            let grant = request.grant.ok_or(PlaybackRefused::BadGrant)?;
            Ok(PlaybackLease {
                channel: channel_id("demo"),
                viewer: guest(grant.expose()),
                grant,
                expires_at: NOON,
            })
        }

        async fn report(&self, _: MediaEvent) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_table_is_bounded_and_frees_itself_of_who_never_came() {
        let grants = Grants::holding(2);
        grants.connect(Arc::new(Anybody));
        let demo = Handle::parse("demo").unwrap();
        let token = |name: &str| GrantToken::parse(name).unwrap();
        grants.admit(&demo, &token("ada")).await.unwrap();
        for name in ["eve", "bob", "kim"] {
            // An address is given to everybody, also when there is no room for their media.
            let entered = grants.enter(&demo, Some(token(name))).await;
            assert_eq!(entered.unwrap(), token(name));
        }
        assert_eq!(grants.in_use.read().len(), 2);
        let refused = grants.admit(&demo, &token("kim")).await;
        assert!(matches!(refused, Err(PlaybackRefused::Unavailable(_))));
        assert!(grants.asking.lock().is_empty());

        for grant in grants.in_use.write().values_mut() {
            let now = millis(UNUSED_AFTER) + 2;
            assert_eq!(
                grant.is_stale(now + grant.since),
                grant.viewer == guest("eve"),
                "who was given an address and never came makes room first"
            );
        }
    }
}
