//! What of all that is live comes first for somebody: a stated rule, never chance.

use std::collections::HashSet;

use greenroom_domain::channel::{Category, Tag};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use greenroom_domain::shared::text::fold;

use crate::commit::signed_in;
use crate::stream::listing::Snapshot;
use crate::stream::view::StreamView;
use crate::{App, Refusal};

/// What of what is live comes first. Among what is alike, most viewers come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LiveOrder {
    /// Most viewers.
    #[default]
    Viewers,
    /// Channels that one follows; for guests there are none.
    FollowedFirst,
    /// Channels that one follows, and no others.
    FollowedOnly,
    /// What is of a category, or has a tag, of the channels that one has followed last.
    Recommended,
}

/// What somebody looks for.
pub(super) enum Taste {
    Anything,
    Followed {
        channels: HashSet<ChannelId>,
        and_others: bool,
    },
    Like {
        categories: HashSet<String>,
        tags: HashSet<String>,
    },
}

impl Taste {
    /// Somebody's, as it was when the snapshot was made.
    pub(super) async fn of(
        app: &App,
        actor: &Actor,
        order: LiveOrder,
        snapshot: &Snapshot,
    ) -> Result<Self, Refusal> {
        Ok(match (order, actor.user()) {
            (LiveOrder::FollowedOnly, _) => Self::Followed {
                channels: followed(app, signed_in(actor)?, snapshot).await?,
                and_others: false,
            },
            (LiveOrder::FollowedFirst, Some(user)) => Self::Followed {
                channels: followed(app, user, snapshot).await?,
                and_others: true,
            },
            (LiveOrder::Recommended, Some(user)) => like(app, user).await?,
            _ => Self::Anything,
        })
    }

    /// Where a stream comes; not at all without a rank.
    pub(super) fn rank(&self, view: &StreamView) -> Option<usize> {
        match self {
            Self::Anything => Some(0),
            Self::Followed {
                channels,
                and_others,
            } => {
                let is_followed = channels.contains(&view.channel.id);
                (is_followed || *and_others).then_some(usize::from(!is_followed))
            }
            Self::Like { categories, tags } => {
                let category = view.stream.category.as_ref().map(Category::as_str);
                let is_like = category.is_some_and(|it| categories.contains(&fold(it)))
                    || view
                        .channel
                        .tags
                        .iter()
                        .any(|tag| tags.contains(tag.as_str()));
                Some(usize::from(!is_like))
            }
        }
    }
}

async fn followed(
    app: &App,
    user: UserId,
    snapshot: &Snapshot,
) -> Result<HashSet<ChannelId>, Refusal> {
    let live: Vec<ChannelId> = snapshot.streams.iter().map(|it| it.channel.id).collect();
    let follows = app.ports.follows.among(user, &live).await?;
    // Later ones would move what has been listed already.
    let then = follows.into_iter().filter(|it| it.at <= snapshot.at);
    Ok(then.map(|it| it.channel).collect())
}

async fn like(app: &App, user: UserId) -> Result<Taste, Refusal> {
    let newest = PageRequest::first(PageLimit::MAX);
    let follows = app.ports.follows.of_user(user, &newest).await??;
    let ids: Vec<ChannelId> = follows.items.iter().map(|it| it.channel).collect();
    let channels = app.ports.channels.get_many(&ids).await?;
    let categories = channels.iter().filter_map(|it| it.category.as_ref());
    let tags = channels.iter().flat_map(|it| it.tags.iter());
    Ok(Taste::Like {
        categories: categories.map(|it| fold(it.as_str())).collect(),
        tags: tags.map(Tag::as_str).map(str::to_owned).collect(),
    })
}
