//! What both stores are told.

use greenroom_domain::shared::commit::Changes;
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::page::PageLimit;

use super::listing::Places;
use super::{Difference, Listing, Pair, Part, reads};
use crate::builders::noon_plus;

/// One step.
#[derive(Debug, Clone)]
pub enum Command {
    /// All of this in one commit. It may be refused.
    Commit(Vec<Part>),
    /// The feed forgets records.
    Prune {
        /// Up to this position.
        through: u64,
        /// Those that are older, in seconds after [`NOON`](crate::builders::NOON).
        before: u64,
    },
    /// The next page of a listing; the first, where the last page was the last.
    Turn {
        /// Of which.
        listing: Listing,
        /// How many items.
        limit: PageLimit,
    },
    /// Everything that can be read, in pages of at most so many.
    Read {
        /// How many items.
        limit: u16,
    },
}

impl Command {
    pub(super) async fn give(
        &self,
        pair: &Pair<'_>,
        places: &mut Places,
    ) -> Result<(), Difference> {
        match self {
            Self::Commit(parts) => {
                let mut changes = Changes::new();
                for part in parts {
                    changes = part.put_into(changes, pair.reference).await;
                }
                pair.commit(format_args!("{self:?}"), &changes).await?;
            }
            Self::Prune { through, before } => {
                let through = FeedPosition(*through);
                let before = noon_plus(*before);
                for store in [pair.reference, pair.other] {
                    let pruned = store.feed().prune(through, before).await;
                    pruned.expect("a store that is well forgets");
                }
            }
            Self::Turn { listing, limit } => places.turn(pair, *listing, *limit).await?,
            Self::Read { limit } => reads::compare(pair, *limit).await?,
        }
        Ok(())
    }
}
