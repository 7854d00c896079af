//! Waiting for what a user would see, with a limit.

use std::time::{Duration, Instant};

/// How long [`until`] rests between two looks.
pub const REST: Duration = Duration::from_millis(20);

/// Looks until `look` finds something, and panics with `what` after `limit`.
///
/// ```ignore
/// let stream = wait::until("the stream is live", SECONDS_10, async || {
///     api.stream(id).await.filter(Stream::is_live)
/// })
/// .await;
/// ```
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        // The look itself must not outlast the limit, for instance on a hanging socket.
        let left = limit.saturating_sub(start.elapsed());
        match tokio::time::timeout(left, look()).await {
            Ok(Some(found)) => return found,
            Ok(None) if start.elapsed() < limit => tokio::time::sleep(REST).await,
            Ok(None) | Err(_) => panic!("waited {limit:?} in vain: {what}"),
        }
    }
}
