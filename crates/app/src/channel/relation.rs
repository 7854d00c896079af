//! Shows what somebody is to a channel: what they may see and do there.

use greenroom_domain::access::Standing;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::RestrictionKind;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{ChannelId, UserId};

use crate::chat::rules::Concern;
use crate::{App, Refusal};

/// What somebody is to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation {
    /// What they are.
    pub standing: Standing,
    /// What keeps them from chatting now. Whom the owner has blocked is not told from whom
    /// they have banned.
    pub restriction: Option<RestrictionKind>,
}

/// For everybody, of themselves; up to a second old where it was changed at another node.
pub async fn execute(app: &App, actor: &Actor, channel: &Channel) -> Result<Relation, Refusal> {
    let relations = of_many(app, actor, &[(channel.id, channel.owner)]).await?;
    relations.first().copied().ok_or(Refusal::NoSuchChannel)
}

/// The same of several channels, each with its owner, in the order asked for.
pub async fn of_many(
    app: &App,
    actor: &Actor,
    channels: &[(ChannelId, UserId)],
) -> Result<Vec<Relation>, Refusal> {
    let concerns = match actor.identity() {
        Some(who) => app.rules.concerning(app, who, channels).await?,
        None => vec![Concern::default(); channels.len()],
    };
    let now = app.now();
    let relations = channels.iter().zip(concerns).map(|((_, owner), concern)| {
        let standing = Standing::of(actor, *owner, concern.tie());
        let restriction = match standing {
            Standing::Owner | Standing::Admin => None,
            Standing::Banned => Some(RestrictionKind::Ban),
            _ => concern.restriction.filter(|kind| kind.holds(now)),
        };
        Relation {
            standing,
            restriction,
        }
    });
    Ok(relations.collect())
}
