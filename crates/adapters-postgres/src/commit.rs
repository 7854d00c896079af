//! The write port: hands the changes to the committer and waits for its answer.

use async_trait::async_trait;
use greenroom_domain::shared::commit::{Changes, Commit, CommitError, Committed};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::PgStore;
use crate::committer::Request;
use crate::error::{Closed, TimedOut, unavailable};
use crate::options::ANSWER_WITHIN;

#[async_trait]
impl Commit for PgStore {
    async fn commit(&self, changes: Changes) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            changes,
            arrived: Instant::now(),
            answer,
        };
        match self.queue.send_timeout(request, ANSWER_WITHIN).await {
            Ok(()) => {}
            Err(SendTimeoutError::Timeout(_)) => return Err(unavailable(TimedOut).into()),
            Err(SendTimeoutError::Closed(_)) => return Err(unavailable(Closed).into()),
        }
        answered.await.map_err(|_| unavailable(Closed))?
    }
}
