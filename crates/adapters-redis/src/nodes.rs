//! Which nodes there are.

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::node::{NodeAddress, Nodes};
use greenroom_domain::shared::store::StoreError;
use redis::{Pipeline, Script};

use crate::link::Redis;

/// Answers ids and addresses in turn, and forgets who is gone.
const ALL: &str = r"
    local all = {}
    local announced = redis.call('HGETALL', KEYS[1])
    for i = 1, #announced, 2 do
        local until_, address = string.match(announced[i + 1], '^(%S+) (.*)$')
        if tonumber(ARGV[1]) < tonumber(until_) then
            all[#all + 1] = announced[i]
            all[#all + 1] = address
        else
            redis.call('HDEL', KEYS[1], announced[i])
        end
    end
    return all
";

/// Which nodes share this Redis: one hash, a field for each.
#[derive(Debug)]
pub struct RedisNodes {
    redis: Redis,
    key: String,
    all: Script,
}

impl RedisNodes {
    /// Those who announce themselves in this Redis.
    pub fn new(redis: Redis) -> Self {
        Self {
            key: redis.key("nodes", "all"),
            redis,
            all: Script::new(ALL),
        }
    }
}

#[async_trait]
impl Nodes for RedisNodes {
    async fn announce(
        &self,
        node: NodeId,
        address: &NodeAddress,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let announced = format!("{} {address}", until.micros());
        let mut pipe = Pipeline::new();
        pipe.hset(&self.key, node.to_string(), announced).ignore();
        self.redis.pipe(&pipe).await
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        let mut pipe = Pipeline::new();
        pipe.hdel(&self.key, node.to_string()).ignore();
        self.redis.pipe(&pipe).await
    }

    async fn all(&self, now: Timestamp) -> Result<Vec<(NodeId, NodeAddress)>, StoreError> {
        let mut all = self.all.prepare_invoke();
        all.key(&self.key).arg(now.micros());
        let found: Vec<(String, String)> = self.redis.run(&all).await?;
        // What nobody of ours has written is no node.
        let parse = |(id, address): (String, String)| {
            Some((id.parse().ok()?, NodeAddress::parse(&address)?))
        };
        let mut nodes: Vec<_> = found.into_iter().filter_map(parse).collect();
        nodes.sort_by_key(|(id, _)| *id);
        Ok(nodes)
    }
}
