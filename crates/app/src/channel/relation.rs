//! Shows what somebody is to a channel: what they may see and do there.

use greenroom_domain::access::Standing;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::RestrictionKind;
use greenroom_domain::shared::actor::Actor;

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
    let standing = app.standing(actor, channel).await?;
    let restriction = match (standing, actor.identity()) {
        (Standing::Owner | Standing::Admin, _) | (_, None) => None,
        (Standing::Banned, _) => Some(RestrictionKind::Ban),
        (_, Some(who)) => {
            let rules = app.rules.of(app, channel.id).await?;
            let held = rules.restriction(who);
            held.filter(|kind| kind.holds(app.now()))
        }
    };
    Ok(Relation {
        standing,
        restriction,
    })
}
