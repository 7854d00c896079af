//! Who watches, as all nodes know it.

mod identity;

use async_trait::async_trait;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::{Audience, Presence, Via};
use redis::{Pipeline, Script, ScriptInvocation};

use crate::link::Redis;
use identity::Member;

/// An audience of millions is still told of in parts.
const MOST_PARTS: usize = 1000;

/// How many are put back by one command.
const AT_ONCE: usize = 1000;

/// Makes a script of what all begin with and its own part.
macro_rules! script {
    ($own:literal) => {
        Script::new(concat!(include_str!("keys.lua"), include_str!($own)))
    };
}

/// Who watches, at whichever node. Each call is one script, however large the audience; who
/// came and who went is told to one asker, whichever node asks, at most once: it is lost with
/// an answer that does not arrive.
#[derive(Debug)]
pub struct RedisPresence {
    redis: Redis,
    renew: Script,
    leave: Script,
    audience: Script,
    participants: Script,
    restore: Script,
}

impl RedisPresence {
    /// Watchers in this Redis.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            renew: script!("renew.lua"),
            leave: script!("leave.lua"),
            audience: script!("audience.lua"),
            participants: script!("participants.lua"),
            restore: script!("restore.lua"),
        }
    }

    pub(crate) fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Puts back who was told of, if Redis has forgotten it.
    pub(crate) async fn restore(
        &self,
        stream: StreamId,
        told: &[Identity],
    ) -> Result<(), StoreError> {
        let mut parts = told.chunks(AT_ONCE);
        let Some(first) = parts.next() else {
            return Ok(());
        };
        let mut restore = self.about(&self.restore, stream);
        restore.arg(members(first));
        if !self.redis.run::<bool>(&restore).await? {
            return Ok(());
        }
        let [.., changed, told] = self.keys(stream);
        for part in parts {
            let mut pipe = Pipeline::new();
            for key in [&changed, &told] {
                pipe.sadd(key, members(part)).ignore();
            }
            self.redis.pipe::<()>(&pipe).await?;
        }
        Ok(())
    }

    /// The keys of a stream's audience, in the order of `keys.lua`.
    fn keys(&self, stream: StreamId) -> [String; 5] {
        ["present", "names", "ways", "changed", "told"]
            .map(|part| self.redis.key("presence", format_args!("{stream}:{part}")))
    }

    fn about<'a>(&self, script: &'a Script, stream: StreamId) -> ScriptInvocation<'a> {
        let mut script = script.prepare_invoke();
        for key in self.keys(stream) {
            script.key(key);
        }
        script
    }

    /// One part of who came and went; true where there is more.
    async fn part(
        &self,
        stream: StreamId,
        now: Timestamp,
        audience: &mut Audience,
    ) -> Result<bool, StoreError> {
        let mut ask = self.about(&self.audience, stream);
        ask.arg(now.micros());
        let answer: (u64, Vec<Member>, Vec<Member>, bool) = self.redis.run(&ask).await?;
        let (viewers, joined, left, more) = answer;
        audience.viewers = viewers;
        audience.joined.extend(joined.into_iter().map(|it| it.0));
        audience.left.extend(left.into_iter().map(|it| it.0));
        Ok(more)
    }
}

fn members(of: &[Identity]) -> Vec<Member> {
    of.iter().copied().map(Member).collect()
}

#[async_trait]
impl Presence for RedisPresence {
    async fn renew(
        &self,
        stream: StreamId,
        who: Identity,
        via: Via,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut renew = self.about(&self.renew, stream);
        renew
            .arg(Member(who))
            .arg(identity::way(via))
            .arg(until.micros());
        self.redis.run(&renew).await
    }

    async fn leave(&self, stream: StreamId, who: Identity, via: Via) -> Result<(), StoreError> {
        let mut leave = self.about(&self.leave, stream);
        leave.arg(Member(who)).arg(identity::way(via));
        self.redis.run(&leave).await
    }

    async fn audience(&self, stream: StreamId, now: Timestamp) -> Result<Audience, StoreError> {
        let mut audience = Audience::default();
        let mut more = self.part(stream, now, &mut audience).await?;
        for _ in 1..MOST_PARTS {
            if !more {
                break;
            }
            // What was told already would be lost with an error.
            more = self.part(stream, now, &mut audience).await.unwrap_or(false);
        }
        audience.joined.sort_unstable();
        audience.left.sort_unstable();
        Ok(audience)
    }

    async fn counts(&self, streams: &[StreamId], now: Timestamp) -> Result<Vec<u64>, StoreError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = Pipeline::new();
        for stream in streams {
            let [present, ..] = self.keys(*stream);
            pipe.zcount(present, format!("({}", now.micros()), "+inf");
        }
        self.redis.pipe(&pipe).await
    }

    async fn participants(
        &self,
        stream: StreamId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Identity>, StoreError> {
        let mut ask = self.about(&self.participants, stream);
        ask.arg(now.micros()).arg(limit);
        let mut parts = 0;
        loop {
            let (not_yet, some): (bool, Vec<Member>) = self.redis.run(&ask).await?;
            parts += 1;
            if !not_yet || parts == MOST_PARTS {
                return Ok(some.into_iter().map(|it| it.0).collect());
            }
        }
    }

    async fn clear(&self, stream: StreamId) -> Result<(), StoreError> {
        let mut pipe = Pipeline::new();
        pipe.unlink(&self.keys(stream)).ignore();
        self.redis.pipe(&pipe).await
    }
}
