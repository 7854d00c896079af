//! Requests that make something, and are answered the same when they come again.

use std::future::Future;

use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::once::{Once, Reply};
use uuid::Uuid;

use crate::commit::Attempt;
use crate::{App, Refusal};

impl App {
    /// Makes something, or reads what the same request has made before.
    pub(crate) async fn once<T, M, R>(
        &self,
        actor: &Actor,
        once: Option<&Once>,
        make: impl FnMut() -> M,
        read: impl Fn(Uuid) -> R,
    ) -> Result<T, Refusal>
    where
        M: Future<Output = Result<T, Attempt>>,
        R: Future<Output = Result<T, Refusal>>,
    {
        if let Some(made) = self.made_before(actor, once).await? {
            return read(made).await;
        }
        match (self.attempts(make).await, once) {
            (Ok(done), _) => Ok(done),
            (Err(Attempt::Refused(refusal)), _) => Err(refusal),
            // The same request was made at the same moment.
            (Err(Attempt::Answered(reply)), Some(once)) => read(made(once, &reply)?).await,
            _ => Err(Refusal::Contended),
        }
    }

    /// What the same request has made before, if it has.
    pub(crate) async fn made_before(
        &self,
        actor: &Actor,
        once: Option<&Once>,
    ) -> Result<Option<Uuid>, Refusal> {
        let (Some(once), Some(by)) = (once, actor.identity()) else {
            return Ok(None);
        };
        let reply = self.ports.replies.get(by, &once.key).await?;
        reply.map(|reply| made(once, &reply)).transpose()
    }
}

/// What is committed together with what a request makes.
pub(crate) fn reply(
    actor: &Actor,
    once: Option<&Once>,
    made: Uuid,
    at: Timestamp,
) -> Option<Reply> {
    Some(once?.reply(actor.identity()?, made, at))
}

fn made(once: &Once, reply: &Reply) -> Result<Uuid, Refusal> {
    if reply.request == once.request {
        Ok(reply.made)
    } else {
        Err(Refusal::KeyReused)
    }
}
