//! The runtime that suites run on.

use std::future::Future;
use std::time::Duration;

/// No promise takes longer to check, however slow the disk.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs a test on a runtime of its own with two worker threads, so that tasks really meet.
///
/// # Panics
/// When the test does, when there are no threads to be had, and when it hangs for two
/// minutes.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for the test");
    runtime
        .block_on(async { tokio::time::timeout(LIMIT, test).await })
        .expect("the test hangs")
}
