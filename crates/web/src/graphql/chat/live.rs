//! A room's chat, as it happens.

use async_graphql::{Context, SimpleObject, Subscription, Union};
use futures_util::{Stream, StreamExt};
use greenroom_app::realtime::Shown;
use greenroom_domain::chat::Ephemeral;

use super::lines::ChatLine;
use super::messages::place;
use super::reactions::ChatReactions;
use super::settings::ChatSettings;
use crate::graphql::handle;
use crate::graphql::page::READ;
use crate::graphql::room::{Event, Seat, Topic, Wanted};
use crate::problem::Problem;
use crate::wire::identity_text;

/// What a room shows.
#[derive(Union)]
pub enum ChatEvent {
    /// What was missed has come.
    Joined(ChatJoined),
    /// Something that its log keeps.
    Line(ChatLine),
    /// Somebody types: over a moment later.
    Typing(ChatTyping),
    /// People react: over a moment later.
    Reactions(ChatReactions),
}

/// Whoever subscribed has been given what they missed, and is given the rest as it happens.
#[derive(SimpleObject)]
pub struct ChatJoined {
    /// Where they are: a place to go on from, with `after`, though no line should come.
    place: String,
    /// Their place could not be gone on from: what they have is to be thrown away, and
    /// everything up to `place` read anew.
    resync: bool,
    /// The room's rules.
    settings: ChatSettings,
}

/// Somebody types, or has stopped.
#[derive(SimpleObject)]
pub struct ChatTyping {
    /// Who: `user:<id>` or `guest:<id>`.
    identity: String,
    /// What they are called.
    name: String,
    /// Whether they still do.
    active: bool,
}

impl ChatEvent {
    fn of(event: &Event) -> Option<Self> {
        let (published, to_staff) = match event {
            Event::Joined {
                place,
                resync,
                settings,
            } => {
                return Some(Self::Joined(ChatJoined {
                    place: place.to_string(),
                    resync: *resync,
                    settings: (*settings).into(),
                }));
            }
            Event::Shown {
                published,
                to_staff,
            } => (published, *to_staff),
        };
        match &published.shown {
            Shown::Line(line) if to_staff => Some(Self::Line(ChatLine::staff(line.clone()))),
            Shown::Line(line) => Some(Self::Line(ChatLine::public(line))),
            Shown::Ephemeral(Ephemeral::Typing { who, name, active }) => {
                Some(Self::Typing(ChatTyping {
                    identity: identity_text(*who),
                    name: name.to_string(),
                    active: *active,
                }))
            }
            Shown::Ephemeral(Ephemeral::Reactions { counts }) => {
                Some(Self::Reactions(counts.as_slice().into()))
            }
            Shown::Ephemeral(Ephemeral::Viewers { .. }) => None,
        }
    }
}

#[derive(Default)]
pub(in crate::graphql) struct ChatSubscription;

#[Subscription]
impl ChatSubscription {
    /// A room's chat, for whoever may read it. A ban or block ends it. Who becomes staff, or is
    /// it no more, sees the chat otherwise: that ends it with `ROLE_CHANGED` and the `place` to
    /// go on from.
    #[graphql(complexity = "READ + child_complexity")]
    async fn chat(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(
            desc = "The last place that was seen: what was missed comes first, without a \
                          gap or a double."
        )]
        after: Option<String>,
    ) -> Result<impl Stream<Item = ChatEvent>, Problem> {
        let after = after.as_deref().map(|text| place("after", text));
        let wanted = Wanted {
            topic: Topic::Chat,
            handle: self::handle(&handle)?,
            after: after.transpose()?,
        };
        let events = Seat::take(ctx, wanted)?;
        Ok(events.filter_map(async |event| ChatEvent::of(&event)))
    }
}
