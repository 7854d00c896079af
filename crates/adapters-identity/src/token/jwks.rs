//! Key sets that may change: fetched, kept, and fetched again.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::clock::Timestamp;
use jsonwebtoken::Algorithm;
use parking_lot::RwLock;
use reqwest::header::ACCEPT;
use reqwest::{Client, Url, redirect};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::HostTokensError;
use super::jws::Jws;
use super::keys::{KeySet, KeysError, Verdict};

/// The longest key set that is read, in bytes.
const MAX_LEN: usize = 256 * 1024;
/// How long fetching may take in all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Strangers can make up key ids; they make us fetch once in this time at most.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// How soon to try again what failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// Keys that were withdrawn are given up after this time, give or take one token.
const FRESH_FOR: Duration = Duration::from_secs(15 * 60);
/// How long to go on with what we have while it cannot be fetched again.
const USABLE_FOR: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug)]
pub(super) enum Source {
    File(PathBuf),
    Url { client: Client, url: Url },
}

impl Source {
    pub(super) fn at_url(url: &str, allow_plain_http: bool) -> Result<Self, HostTokensError> {
        let url = Url::parse(url).map_err(|_| HostTokensError::BadUrl)?;
        let is_local = url.host_str().is_some_and(is_this_machine);
        match url.scheme() {
            "https" => {}
            "http" if is_local || allow_plain_http => {}
            "http" => return Err(HostTokensError::PlainHttp),
            _ => return Err(HostTokensError::BadUrl),
        }
        let mut client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            // Fetched too seldom for a connection to be worth keeping.
            .pool_max_idle_per_host(0);
        if is_local {
            // What the environment names as a proxy cannot reach our own loopback.
            client = client.no_proxy();
        }
        let client = client.build().map_err(HostTokensError::Client)?;
        Ok(Self::Url { client, url })
    }

    async fn fetch(&self) -> Result<KeySet, KeysError> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read_file(&path))
                    .await
                    .map_err(|_| KeysError::Stopping)?
            }
            Self::Url { client, url } => {
                // The address may hold a password; errors go to the log.
                let failed = |error: reqwest::Error| KeysError::Request(error.without_url());
                let mut response = client
                    .get(url.clone())
                    .header(ACCEPT, "application/jwk-set+json, application/json")
                    .send()
                    .await
                    .map_err(failed)?;
                if !response.status().is_success() {
                    return Err(KeysError::Status(response.status().as_u16()));
                }
                let mut body = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(failed)? {
                    if body.len() + chunk.len() > MAX_LEN {
                        return Err(KeysError::TooLong);
                    }
                    body.extend_from_slice(&chunk);
                }
                KeySet::parse(&body)
            }
        }
    }
}

pub(super) fn read_file(path: &Path) -> Result<KeySet, KeysError> {
    let failed = |source| KeysError::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut text = Vec::new();
    file.take(MAX_LEN as u64 + 1)
        .read_to_end(&mut text)
        .map_err(failed)?;
    if text.len() > MAX_LEN {
        return Err(KeysError::TooLong);
    }
    KeySet::parse(&text)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[derive(Debug)]
pub(super) struct FetchedKeys {
    source: Arc<Source>,
    kept: Arc<RwLock<Option<Arc<Kept>>>>,
    /// Held by whoever fetches; the others wait for the same answer.
    attempt: Arc<Mutex<Attempt>>,
}

#[derive(Debug)]
struct Kept {
    keys: KeySet,
    since: Timestamp,
}

#[derive(Debug, Default)]
struct Attempt {
    last: Option<Timestamp>,
    failed: Option<Arc<KeysError>>,
}

impl Attempt {
    fn is_due(&self, now: Timestamp) -> bool {
        let interval = match self.failed {
            Some(_) => RETRY_INTERVAL,
            None => REFRESH_INTERVAL,
        };
        self.last.is_none_or(|last| {
            // The second: the clock was set back since.
            now.since(last) >= interval || last.since(now) >= interval
        })
    }
}

impl FetchedKeys {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source: Arc::new(source),
            kept: Arc::default(),
            attempt: Arc::default(),
        }
    }

    pub(super) async fn judge(
        &self,
        jws: &Jws<'_>,
        now: Timestamp,
    ) -> Result<Verdict, Arc<KeysError>> {
        if !matches!(
            jws.algorithm,
            Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
        ) {
            return Ok(Verdict::Forged); // No key, however new, serves it.
        }
        let Some(kept) = self.usable(now).await? else {
            return Ok(Verdict::UnknownKey);
        };
        match kept.keys.judge(jws) {
            Verdict::UnknownKey => Ok(self
                .newer_than(Some(&kept), now)
                .await?
                .map_or(Verdict::UnknownKey, |newer| newer.keys.judge(jws))),
            verdict => Ok(verdict),
        }
    }

    async fn usable(&self, now: Timestamp) -> Result<Option<Arc<Kept>>, Arc<KeysError>> {
        let kept = self.kept.read().clone();
        let Some(kept) = kept.filter(|kept| now.since(kept.since) < USABLE_FOR) else {
            let outdated = self.kept.read().clone();
            return self.newer_than(outdated.as_ref(), now).await;
        };
        if now.since(kept.since) >= FRESH_FOR
            && let Ok(attempt) = Arc::clone(&self.attempt).try_lock_owned()
            && attempt.is_due(now)
        {
            // Nobody waits for it. It ends by its own timeout.
            drop(self.fetch(attempt, now));
        }
        Ok(Some(kept))
    }

    /// Other keys than those, if there are any by now; fetches unless that was tried a moment
    /// ago.
    async fn newer_than(
        &self,
        known: Option<&Arc<Kept>>,
        now: Timestamp,
    ) -> Result<Option<Arc<Kept>>, Arc<KeysError>> {
        let newer = || {
            let kept = self.kept.read().clone();
            kept.filter(|kept| known.is_none_or(|known| !Arc::ptr_eq(kept, known)))
        };
        let attempt = Arc::clone(&self.attempt).lock_owned().await;
        if let Some(newer) = newer() {
            return Ok(Some(newer));
        }
        if attempt.is_due(now) {
            let fetched = self.fetch(attempt, now).await;
            fetched.map_err(|_| Arc::new(KeysError::Stopping))??;
            return Ok(newer());
        }
        match &attempt.failed {
            Some(error) => Err(Arc::clone(error)),
            None => Ok(None),
        }
    }

    /// On a task of its own: a stranger who hangs up while it runs does not take the answer
    /// from the others.
    fn fetch(
        &self,
        mut attempt: OwnedMutexGuard<Attempt>,
        now: Timestamp,
    ) -> tokio::task::JoinHandle<Result<(), Arc<KeysError>>> {
        let source = Arc::clone(&self.source);
        let kept = Arc::clone(&self.kept);
        attempt.last = Some(now);
        tokio::spawn(async move {
            match source.fetch().await {
                Ok(keys) => {
                    *kept.write() = Some(Arc::new(Kept { keys, since: now }));
                    attempt.failed = None;
                    Ok(())
                }
                Err(error) => {
                    let error = Arc::new(error);
                    attempt.failed = Some(Arc::clone(&error));
                    Err(error)
                }
            }
        })
    }
}
