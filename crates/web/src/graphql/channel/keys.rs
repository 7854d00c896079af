//! Stream keys: for the channel's owner alone.

use async_graphql::{Context, ID, Object};
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::stream::credentials;
use greenroom_domain::channel::KeyLabel;

use super::{RevealedKey, StreamKey};
use crate::graphql::id::local;
use crate::graphql::page::READ;
use crate::graphql::{asking, handle};
use crate::problem::Problem;
use crate::wire::PlaybackAddressJson;

#[derive(Default)]
pub(super) struct KeyMutation;

#[Object]
impl KeyMutation {
    /// Makes a stream key, and shows its secret. A label is 1 to 50 characters.
    async fn create_key(
        &self,
        ctx: &Context<'_>,
        handle: String,
        label: String,
        #[graphql(desc = "It serves only this stream, which was created ahead.")] stream_id: Option<
            ID,
        >,
    ) -> Result<RevealedKey, Problem> {
        let asking = asking(ctx)?;
        let command = CreateKey {
            handle: self::handle(&handle)?,
            label: KeyLabel::parse(&label).map_err(|error| Problem::text("label", error))?,
            bound_to: stream_id.as_ref().map(local).transpose()?,
        };
        let revealed = keys::create(&asking.app, &asking.actor, command).await?;
        Ok(revealed.into())
    }

    /// Shows a key's secret. It changes nothing, and is asked like a change so that it stands in
    /// no address and no cache.
    async fn reveal_key(&self, ctx: &Context<'_>, id: ID) -> Result<RevealedKey, Problem> {
        let asking = asking(ctx)?;
        let revealed = keys::reveal(&asking.app, &asking.actor, local(&id)?).await?;
        Ok(revealed.into())
    }

    /// Gives a key another secret; whoever publishes with the old one is cut off.
    async fn rotate_key(&self, ctx: &Context<'_>, id: ID) -> Result<RevealedKey, Problem> {
        let asking = asking(ctx)?;
        let revealed = keys::rotate(&asking.app, &asking.actor, local(&id)?).await?;
        Ok(revealed.into())
    }

    /// Revokes a key; whoever publishes with it is cut off. Again is no change.
    async fn revoke_key(&self, ctx: &Context<'_>, id: ID) -> Result<StreamKey, Problem> {
        let asking = asking(ctx)?;
        let key = keys::revoke(&asking.app, &asking.actor, local(&id)?).await?;
        Ok(StreamKey(key))
    }
    /// Withdraws what the media engine made for a key: nobody comes in with it any more, and
    /// others are made the next time. Where encoders are given the key's own secret, nothing
    /// changes: rotate the key.
    #[graphql(complexity = "4 * READ + child_complexity")]
    async fn withdraw_ingest(&self, ctx: &Context<'_>, key_id: ID) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        credentials::withdraw(&asking.app, &asking.actor, local(&key_id)?).await?;
        Ok(true)
    }

    /// A seat in the channel's room to publish from a browser with this key; refused with
    /// `NO_ROOMS` where the media engine has no rooms.
    #[graphql(complexity = "4 * READ + child_complexity")]
    async fn take_seat(
        &self,
        ctx: &Context<'_>,
        key_id: ID,
    ) -> Result<PlaybackAddressJson, Problem> {
        let asking = asking(ctx)?;
        let seat = credentials::seat(&asking.app, &asking.actor, local(&key_id)?).await?;
        let seat = seat.ok_or_else(Problem::no_rooms)?;
        Ok(PlaybackAddressJson::seat(&seat))
    }
}
