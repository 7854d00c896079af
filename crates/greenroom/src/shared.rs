//! What the nodes of one platform share: by Redis, or inside this process while it is alone.

use std::sync::Arc;

use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryPresence, InMemoryRateLimits,
};
use greenroom_adapters_redis::{
    PresenceWhenAway, RateLimitsWhenAway, Redis, RedisBus, RedisLeases, RedisNodes, RedisOptions,
    RedisPresence, RedisRateLimits,
};
use greenroom_domain::shared::bus::Bus;
use greenroom_domain::shared::id::Ids;
use greenroom_domain::shared::lease::Leases;
use greenroom_domain::shared::node::Nodes;
use greenroom_domain::shared::rate::RateLimits;
use greenroom_domain::stream::Presence;

use crate::config;
use crate::{ConfigError, OpenError};

/// The ports that are worth nothing a few minutes later.
pub(crate) struct Shared {
    pub(crate) presence: Arc<dyn Presence>,
    pub(crate) rate_limits: Arc<dyn RateLimits>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) nodes: Arc<dyn Nodes>,
}

/// Inside this process.
pub(crate) fn alone() -> Shared {
    Shared {
        presence: Arc::new(InMemoryPresence::default()),
        rate_limits: Arc::new(InMemoryRateLimits::default()),
        leases: Arc::new(InMemoryLeases::default()),
        bus: Arc::new(InMemoryBus::default()),
        nodes: Arc::new(InMemoryNodes::default()),
    }
}

/// By the Redis that is configured, which has to be there at the start; without one, inside
/// this process.
pub(crate) async fn open(config: &config::Redis, ids: &dyn Ids) -> Result<Shared, OpenError> {
    if config.url.is_empty() {
        return Ok(alone());
    }
    let redis = reach(config).await?;
    let own_limits = Arc::new(InMemoryRateLimits::default());
    let limits = RedisRateLimits::new(redis.clone());
    Ok(Shared {
        presence: Arc::new(PresenceWhenAway::new(RedisPresence::new(redis.clone()))),
        rate_limits: Arc::new(RateLimitsWhenAway::new(limits, own_limits)),
        leases: Arc::new(RedisLeases::new(redis.clone())),
        bus: Arc::new(RedisBus::join(redis.clone(), ids).await),
        nodes: Arc::new(RedisNodes::new(redis)),
    })
}

/// The way to Redis, which answers.
pub(crate) async fn reach(config: &config::Redis) -> Result<Redis, OpenError> {
    let options = RedisOptions::new(&config.url).map_err(|error| ConfigError::Value {
        key: "redis.url",
        problem: error.to_string(),
    })?;
    let redis = Redis::open(options.prefix(config.prefix.clone())).map_err(OpenError::Redis)?;
    redis.check().await.map_err(OpenError::RedisAway)?;
    Ok(redis)
}
