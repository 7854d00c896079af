//! What is measured beside a bare committer, and how.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

pub(crate) const WRITERS: u64 = 64;
pub(crate) const ROUNDS: usize = 9;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The least that is durable: a number as the key, 200 bytes as the value.
pub(crate) async fn bare_committer(path: &Path, time: Duration) -> Result<f64, Failure> {
    type Put = (u64, oneshot::Sender<()>);
    let config = sled::Config::new().path(path).cache_capacity(32 << 20);
    let db = config.flush_every_ms(None).open()?;
    let file = File::options().write(true).open(path.join("db"))?;
    let (puts, mut queue) = mpsc::channel::<Put>(4096);
    let committer = std::thread::spawn(move || -> Result<(), Failure> {
        while let Some(first) = queue.blocking_recv() {
            let mut puts = vec![first];
            while puts.len() < 512
                && let Ok(next) = queue.try_recv()
            {
                puts.push(next);
            }
            let mut batch = sled::Batch::default();
            for (key, _) in &puts {
                batch.insert(&key.to_be_bytes(), vec![b'x'; 200]);
            }
            db.apply_batch(batch)?;
            db.flush()?;
            file.sync_data()?;
            for (_, done) in puts {
                let _ = done.send(()); // Whoever went away needs no answer.
            }
        }
        Ok(())
    });
    let next = Arc::new(AtomicU64::new(0));
    let rate = measure(time, move |_| {
        let (puts, next) = (puts.clone(), Arc::clone(&next));
        async move {
            let (done, is_done) = oneshot::channel();
            puts.send((next.fetch_add(1, Ordering::Relaxed), done))
                .await?;
            Ok(is_done.await?)
        }
    })
    .await?;
    committer.join().map_err(|_| "the committer panicked")??;
    Ok(rate)
}

/// How often a second all writers together got an answer.
pub(crate) async fn measure<F>(
    time: Duration,
    write: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Result<f64, Failure>
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (write, stop) = (write.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut written = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    write(writer).await?;
                    written += 1;
                }
                Ok::<_, Failure>(written)
            })
        })
        .collect();
    drop(write);
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = 0.0;
    for writer in writers {
        all += f64::from(writer.await??);
    }
    Ok(all / begun.elapsed().as_secs_f64())
}

/// The one in the middle.
pub(crate) fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
