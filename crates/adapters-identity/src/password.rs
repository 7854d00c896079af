//! Passwords, by Argon2id (RFC 9106).

use std::fmt;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use async_trait::async_trait;
use greenroom_domain::account::{Password, PasswordError, PasswordHash, Passwords};
use tokio::sync::Semaphore;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// The minimum of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
    pub const OWASP: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };

    /// As cheap as the algorithm allows: for tests, where the password protects nothing.
    pub const CHEAPEST: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// The dearest hash that is verified. A hash names its own cost, so one that came in with
    /// an import could otherwise take all the memory there is.
    const DEAREST: Self = Self {
        memory_kib: 256 * 1024,
        passes: 16,
        lanes: 16,
    };
}

/// How many passwords are worked on, and wait, at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Worked on: each takes a core, and its cost in memory.
    pub at_once: NonZeroUsize,
    /// Waiting for a turn; whoever comes after them is told to try again.
    pub waiting: usize,
    /// How long one waits at most.
    pub patience: Duration,
}

impl Default for Load {
    /// One for each core, and 64 waiting for at most ten seconds.
    fn default() -> Self {
        Self {
            at_once: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            waiting: 64,
            patience: Duration::from_secs(10),
        }
    }
}

/// Hashes passwords with Argon2id, away from the runtime's own threads.
pub struct Argon2Passwords {
    argon2: Argon2<'static>,
    admitted: Arc<Semaphore>,
    working: Arc<Semaphore>,
    patience: Duration,
}

impl fmt::Debug for Argon2Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2Passwords")
            .field("argon2", &self.argon2)
            .finish_non_exhaustive()
    }
}

/// Argon2 does not work at this cost.
#[derive(Debug, thiserror::Error)]
#[error("a password cannot be hashed at this cost")]
pub struct CostError(#[source] argon2::Error);

/// Why a hash could not be made or read.
#[derive(Debug, thiserror::Error)]
enum HashError {
    #[error("the stored password hash asks for more than is allowed")]
    TooDear,
    #[error("the stored password hash is not an Argon2id hash")]
    OtherAlgorithm,
    #[error("the stored password hash cannot be read")]
    Unreadable(#[source] argon2::password_hash::phc::Error),
    #[error("Argon2 failed")]
    Argon2(#[source] argon2::password_hash::Error),
    #[error("the thread that hashes passwords has gone")]
    Gone(#[source] tokio::task::JoinError),
}

impl From<HashError> for PasswordError {
    fn from(error: HashError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl Argon2Passwords {
    /// Hashes at this cost, and bears this load.
    pub fn new(cost: Cost, load: Load) -> Result<Self, CostError> {
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(CostError)?;
        let at_once = load.at_once.get().min(Semaphore::MAX_PERMITS);
        let admitted = at_once
            .saturating_add(load.waiting)
            .min(Semaphore::MAX_PERMITS);
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            admitted: Arc::new(Semaphore::new(admitted)),
            working: Arc::new(Semaphore::new(at_once)),
            patience: load.patience,
        })
    }

    /// Runs `work` on a thread that may block, when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let busy = |_| PasswordError::Busy;
        let place = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.working).acquire_owned();
        let turn = tokio::time::timeout(self.patience, turn)
            .await
            .map_err(busy)?
            .map_err(|_| PasswordError::Busy)?;
        let argon2 = self.argon2.clone();
        // The permits go with the work, not with who waits for it: a client that hangs up
        // does not stop the thread, and must not let another one start beside it.
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&argon2);
            drop((turn, place));
            result
        });
        Ok(done.await.map_err(HashError::Gone)??)
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(
        &self,
        password: Password,
        salt: [u8; 16],
    ) -> Result<PasswordHash, PasswordError> {
        self.in_turn(move |argon2| {
            let hash: phc::PasswordHash = argon2
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .map_err(HashError::Argon2)?;
            Ok(PasswordHash(hash.to_string()))
        })
        .await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, PasswordError> {
        self.in_turn(move |argon2| match hash {
            Some(hash) => matches(argon2, &password, &hash),
            None => {
                // The same work for nothing, so that the answer takes as long.
                let nobody: phc::PasswordHash = argon2
                    .hash_password_with_salt(password.expose().as_bytes(), &[0; 16])
                    .map_err(HashError::Argon2)?;
                black_box(nobody);
                Ok(false)
            }
        })
        .await
    }
}

fn matches(
    argon2: &Argon2<'_>,
    password: &Password,
    hash: &PasswordHash,
) -> Result<bool, HashError> {
    let hash = phc::PasswordHash::new(&hash.0).map_err(HashError::Unreadable)?;
    if hash.algorithm != argon2::ARGON2ID_IDENT {
        return Err(HashError::OtherAlgorithm);
    }
    let cost = Params::try_from(&hash).map_err(HashError::Argon2)?;
    let dearest = Cost::DEAREST;
    if cost.m_cost() > dearest.memory_kib
        || cost.t_cost() > dearest.passes
        || cost.p_cost() > dearest.lanes
    {
        return Err(HashError::TooDear);
    }
    match argon2.verify_password(password.expose().as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(HashError::Argon2(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    const SALT: [u8; 16] = [7; 16];

    fn cheap() -> Argon2Passwords {
        Argon2Passwords::new(Cost::CHEAPEST, Load::default()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_and_no_other() {
        let passwords = cheap();
        let hash = passwords
            .hash(password("correct horse"), SALT)
            .await
            .unwrap();
        assert!(
            hash.0.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "{}",
            hash.0
        );
        let check = |text: &str| passwords.verify(password(text), Some(hash.clone()));
        assert!(check("correct horse").await.unwrap());
        assert!(!check("correct horsf").await.unwrap());
    }

    #[tokio::test]
    async fn another_salt_makes_another_hash() {
        let passwords = cheap();
        let one = passwords.hash(password("correct horse"), SALT).await;
        let other = passwords.hash(password("correct horse"), [8; 16]).await;
        assert_ne!(one.unwrap(), other.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_still_verified() {
        let dearer = Cost {
            memory_kib: 64,
            passes: 2,
            lanes: 2,
        };
        let hash = Argon2Passwords::new(dearer, Load::default())
            .unwrap()
            .hash(password("correct horse"), SALT)
            .await
            .unwrap();
        let same = cheap().verify(password("correct horse"), Some(hash)).await;
        assert!(same.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let passwords = cheap();
        assert!(
            !passwords
                .verify(password("correct horse"), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_takes_as_long_as_somebody() {
        let passwords = Argon2Passwords::new(Cost::OWASP, Load::default()).unwrap();
        let hash = passwords
            .hash(password("correct horse"), SALT)
            .await
            .unwrap();
        // The fastest of a few: what else the machine does only ever adds to it.
        let mut somebody = Duration::MAX;
        let mut nobody = Duration::MAX;
        for _ in 0..5 {
            let start = std::time::Instant::now();
            assert!(
                !passwords
                    .verify(password("wrong password"), Some(hash.clone()))
                    .await
                    .unwrap()
            );
            somebody = somebody.min(start.elapsed());
            let start = std::time::Instant::now();
            assert!(
                !passwords
                    .verify(password("wrong password"), None)
                    .await
                    .unwrap()
            );
            nobody = nobody.min(start.elapsed());
        }
        assert!(
            nobody * 3 > somebody && somebody * 3 > nobody,
            "{nobody:?} {somebody:?}"
        );
    }

    #[tokio::test]
    async fn hashes_that_are_none_or_cost_too_much_are_refused() {
        let tail = "$BwcHBwcHBwcHBwcHBwcHBw$Yp0CLuSA1Pa1ky4Uzf3JPiVtk3rsQKXm9hm3CfsNz4I";
        for (text, says) in [
            (String::new(), "cannot be read"),
            ("correct horse".to_owned(), "cannot be read"),
            (
                format!("$argon2id$v=19$m=4194304,t=1,p=1{tail}"),
                "more than is allowed",
            ),
            (
                format!("$argon2id$v=19$m=8,t=4000000000,p=1{tail}"),
                "more than is allowed",
            ),
            (
                format!("$argon2i$v=19$m=8,t=1,p=1{tail}"),
                "not an Argon2id",
            ),
        ] {
            let refused = cheap()
                .verify(password("correct horse"), Some(PasswordHash(text.clone())))
                .await
                .unwrap_err();
            let cause = refused.source().expect("it says why").to_string();
            assert!(cause.contains(says), "{text}: {cause}");
        }
    }

    #[tokio::test]
    async fn who_comes_when_the_queue_is_full_is_told_so() {
        let load = Load {
            at_once: NonZeroUsize::MIN,
            waiting: 1,
            patience: Duration::from_secs(10),
        };
        let passwords = Argon2Passwords::new(Cost::CHEAPEST, load).unwrap();
        let turn = Arc::clone(&passwords.working)
            .acquire_owned()
            .await
            .unwrap();
        let place = Arc::clone(&passwords.admitted)
            .acquire_owned()
            .await
            .unwrap();

        let ours = |text: &'static str| passwords.verify(password(text), None);
        let mut second = ours("second in line");
        // Polled once: it has its place in the queue now.
        assert!(futures_poll_once(&mut second).await.is_none());
        assert!(matches!(
            ours("third in line").await,
            Err(PasswordError::Busy)
        ));

        drop((turn, place));
        assert!(!second.await.unwrap());
        assert!(!ours("third in line").await.unwrap());
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_does_not_make_room_before_its_work_is_done() {
        let load = Load {
            at_once: NonZeroUsize::MIN,
            waiting: 0,
            patience: Duration::from_secs(10),
        };
        let passwords = Argon2Passwords::new(Cost::CHEAPEST, load).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(passwords.in_turn(move |_| {
            let _ = held.recv();
            Ok(())
        }));
        assert!(futures_poll_once(&mut first).await.is_none());
        drop(first);
        let next = passwords.verify(password("correct horse"), None);
        assert!(matches!(next.await, Err(PasswordError::Busy)));

        drop(release);
        drop(passwords.admitted.acquire().await.unwrap());
        let next = passwords.verify(password("correct horse"), None);
        assert!(!next.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let passwords = cheap();
        let cores = u32::try_from(passwords.working.available_permits()).unwrap();
        let _all = passwords.working.acquire_many(cores).await.unwrap();
        assert!(matches!(
            passwords.verify(password("correct horse"), None).await,
            Err(PasswordError::Busy)
        ));
    }

    #[test]
    fn a_cost_that_argon2_cannot_work_at_is_refused() {
        let free = Cost {
            memory_kib: 0,
            passes: 0,
            lanes: 0,
        };
        assert!(Argon2Passwords::new(free, Load::default()).is_err());
    }

    async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        use std::pin::Pin;
        use std::task::Poll;
        std::future::poll_fn(|context| {
            Poll::Ready(match Pin::new(&mut *future).poll(context) {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            })
        })
        .await
    }
}
