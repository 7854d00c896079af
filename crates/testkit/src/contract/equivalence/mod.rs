//! Two stores that are told the same say the same.
//!
//! The other suites check what the ports promise, one promise at a time. This one checks what
//! nobody thought of: random [`Command`]s are given to two stores, and every answer is
//! compared. Ids are few, so that the commands collide.
//!
//! ```text
//! equivalence::stores_agree(64, async || (Arc::new(InMemoryStore::new()), my_store().await));
//! ```
//!
//! Commits come one after the other here, so even the feed's records are the same. What the
//! ports leave open is not compared: the epoch, the order of a record's rooms, and which of
//! the expired sessions come first.

mod answer;
mod changes;
mod command;
mod listing;
mod part;
mod people;
mod reads;
mod recording;
mod strategy;

use std::fmt;

use greenroom_domain::shared::commit::{Changes, ClaimChange, Holder};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

pub use command::Command;
pub use listing::Listing;
pub use part::{Act, Hold, Part, Phase, Seen, Who};
pub use people::Bond;
pub use recording::{Recorded, Stage};
pub use strategy::commands;

use self::answer::Answer;
use self::listing::Places;
use super::Subject;
use crate::builders::user_id;
use crate::run;

/// How often a failing case is made shorter before it is shown.
const SHRINKS: u32 = 500;

/// Runs so many random cases, each on a new pair of empty stores: the reference and the other.
///
/// # Panics
/// With the shortest commands that were found after which the two differ.
pub fn stores_agree(cases: u32, make: impl AsyncFn() -> (Subject, Subject)) {
    let config = Config {
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::with_cases(cases)
    };
    let ran = TestRunner::new(config).run(&commands(), |commands| {
        run(async {
            let (reference, other) = make().await;
            let checked = check(&reference, &other, &commands).await;
            checked.map_err(|difference| TestCaseError::fail(difference.to_string()))
        })
    });
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(difference, commands)) => {
            let commands = commands.iter().map(|command| format!("{command:?}\n"));
            panic!("after\n{}{difference}", commands.collect::<String>())
        }
        Err(aborted) => panic!("{aborted}"),
    }
}

/// Gives both stores the commands, and compares what they answer and, in the end, everything
/// that can be read. Versions and cursors that a command speaks of are the reference's.
///
/// # Errors
/// The first answer that differs.
///
/// # Panics
/// When a store cannot answer, or breaks a promise that needs no comparison.
pub async fn check(
    reference: &Subject,
    other: &Subject,
    commands: &[Command],
) -> Result<(), Difference> {
    let pair = Pair { reference, other };
    let mut places = Places::default();
    for command in commands {
        command.give(&pair, &mut places).await?;
    }
    reads::compare(&pair, 100).await?;
    // Who holds a name can be seen only by asking for it.
    for claim in strategy::claims() {
        let stranger = Holder::User(user_id("stranger"));
        let take = Changes::new().claim(ClaimChange::Take(claim.clone(), stranger));
        pair.commit(format_args!("a stranger takes {claim:?}"), &take)
            .await?;
    }
    Ok(())
}

/// Two stores that should not be told apart.
struct Pair<'a> {
    reference: &'a Subject,
    other: &'a Subject,
}

impl Pair<'_> {
    /// Asks both, and answers what they agree on.
    async fn agree<T: PartialEq + fmt::Debug>(
        &self,
        question: impl fmt::Display,
        ask: impl AsyncFn(&Subject) -> T,
    ) -> Result<T, Difference> {
        let expected = ask(self.reference).await;
        let answered = ask(self.other).await;
        if expected == answered {
            return Ok(expected);
        }
        Err(Difference {
            question: question.to_string(),
            expected: format!("{expected:?}"),
            answered: format!("{answered:?}"),
        })
    }

    async fn commit(
        &self,
        question: impl fmt::Display,
        changes: &Changes,
    ) -> Result<Answer, Difference> {
        self.agree(question, async |store| {
            Answer::of(store.commit().commit(changes.clone()).await)
        })
        .await
    }
}

/// What two stores answer differently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{question}:\n  the reference answers {expected}\n  the other answers     {answered}")]
pub struct Difference {
    /// What was asked.
    pub question: String,
    /// The reference's answer.
    pub expected: String,
    /// The other's.
    pub answered: String,
}
