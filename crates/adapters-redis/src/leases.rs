//! Leases among all nodes.

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::lease::{LeaseName, Leases};
use greenroom_domain::shared::store::StoreError;
use redis::Script;

use crate::link::Redis;

/// How far the nodes' clocks may be apart, in microseconds.
const SKEW: u32 = 1_000_000;

/// Answers whether the lease is the asking node's now.
const ACQUIRE: &str = r"
    local node, now, until_, skew = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
    local held = redis.call('HMGET', KEYS[1], 'by', 'until')
    if held[1] and held[1] ~= node and now < tonumber(held[2]) + skew then return 0 end
    redis.call('HSET', KEYS[1], 'by', node, 'until', ARGV[3])
    redis.call('PEXPIRE', KEYS[1], math.ceil((until_ - now) / 1000))
    return 1
";

const RELEASE: &str = r"
    if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('DEL', KEYS[1]) end
";

/// Who does what, one node at a time.
///
/// A lease is free when Redis has counted its time down, whatever any node's clock says, or
/// when it ran out a second ago by the clock of the node that asks: so the clocks may be a
/// second apart. While Redis is away nobody gets or renews one. One that forgets everything
/// may give a lease away before its time: what must not be done twice is guarded by versions.
#[derive(Debug)]
pub struct RedisLeases {
    redis: Redis,
    acquire: Script,
    release: Script,
}

impl RedisLeases {
    /// Leases in this Redis.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            acquire: Script::new(ACQUIRE),
            release: Script::new(RELEASE),
        }
    }
}

#[async_trait]
impl Leases for RedisLeases {
    async fn acquire(
        &self,
        name: LeaseName,
        node: NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut acquire = self.acquire.prepare_invoke();
        acquire
            .key(self.redis.key("lease", name.0))
            .arg(node.to_string())
            .arg(now.micros())
            .arg(until.micros())
            .arg(SKEW);
        self.redis.run(&acquire).await
    }

    async fn release(&self, name: LeaseName, node: NodeId) -> Result<(), StoreError> {
        let mut release = self.release.prepare_invoke();
        release
            .key(self.redis.key("lease", name.0))
            .arg(node.to_string());
        self.redis.run(&release).await
    }
}
