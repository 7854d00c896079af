//! How long to wait before Redis is tried again.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(50);
/// So soon at the latest all is well after its return.
const LONGEST: Duration = Duration::from_secs(1);

/// Longer each time, until it worked.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(SHORTEST)
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = LONGEST.min(self.0 * 2);
    }

    pub(crate) fn reset(&mut self) {
        self.0 = SHORTEST;
    }
}
