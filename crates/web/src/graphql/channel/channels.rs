//! Channels.
//!
//! A cover is uploaded by REST (`PUT /api/v1/channels/{handle}/cover`): GraphQL has no bytes.

use std::sync::Arc;

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::channel::{cover, lock, view};
use greenroom_domain::channel::{
    Category, ChannelEdit, ChannelTitle, Description, Handle, Language, Tag, Tags,
};
use greenroom_domain::shared::store::Version;
use greenroom_domain::shared::text::TextError;

use super::Channel;
use crate::graphql::page::READ;
use crate::graphql::{absent, asking, handle};
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct OneChannelQuery;

#[Object]
impl OneChannelQuery {
    /// A channel by its handle; `node` finds one by its id.
    #[graphql(complexity = "READ + child_complexity")]
    async fn channel(&self, ctx: &Context<'_>, handle: String) -> Result<Option<Channel>, Problem> {
        let Ok(handle) = Handle::parse(&handle) else {
            return Ok(None);
        };
        absent(
            view::execute(&asking(ctx)?.app, &handle)
                .await
                .map(Channel::from),
        )
    }

    /// One's own channel; `null` without one.
    #[graphql(complexity = "READ + child_complexity")]
    async fn my_channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>, Problem> {
        let asking = asking(ctx)?;
        let view = view::own(&asking.app, &asking.actor).await;
        absent(view.map(Arc::new).map(Channel::from))
    }
}

/// What is to be different; what is left out stays.
#[derive(InputObject)]
pub struct ChannelChanges {
    /// 1 to 120 characters.
    title: Option<String>,
    /// Up to 2,000 characters.
    description: Option<String>,
    /// 1 to 50 characters, or `null` for none.
    category: MaybeUndefined<String>,
    /// A language tag (BCP 47), or `null` for none.
    language: MaybeUndefined<String>,
    /// At most ten, of 1 to 25 characters each.
    tags: Option<Vec<String>>,
}

impl TryFrom<ChannelChanges> for ChannelEdit {
    type Error = Problem;

    fn try_from(changes: ChannelChanges) -> Result<Self, Problem> {
        let tags = changes.tags.map(|tags| {
            // One more than there may be is enough to refuse them all.
            let tags = tags
                .iter()
                .take(100)
                .map(|tag| field("tags", tag, Tag::parse));
            Ok::<_, Problem>(Tags::new(tags.collect::<Result<Vec<_>, _>>()?)?)
        });
        let description = changes.description.as_deref();
        let category = optional("category", changes.category, Category::parse);
        let language = optional("language", changes.language, Language::parse);
        Ok(Self {
            title: changes.title.as_deref().map(title).transpose()?,
            description: description
                .map(|text| field("description", text, Description::parse))
                .transpose()?,
            category: category.transpose()?,
            language: language.transpose()?,
            tags: tags.transpose()?,
        })
    }
}

#[derive(Default)]
pub(super) struct OneChannelMutation;

#[Object]
impl OneChannelMutation {
    /// Makes one's channel, for approved creators. A handle is 3 to 32 of `a-z 0-9 - _`, a title
    /// 1 to 120 characters.
    #[graphql(complexity = "READ + child_complexity")]
    async fn create_channel(
        &self,
        ctx: &Context<'_>,
        handle: String,
        title: String,
    ) -> Result<Channel, Problem> {
        let asking = asking(ctx)?;
        let command = CreateChannel {
            handle: field("handle", &handle, Handle::parse)?,
            title: self::title(&title)?,
        };
        create::execute(&asking.app, &asking.actor, command).await?;
        Ok(Arc::new(view::own(&asking.app, &asking.actor).await?).into())
    }

    /// Changes a channel, for whoever runs it; viewers see it at once.
    #[graphql(complexity = "READ + child_complexity")]
    async fn edit_channel(
        &self,
        ctx: &Context<'_>,
        handle: String,
        changes: ChannelChanges,
        #[graphql(desc = "The `version` that was seen: refused when it has changed since.")]
        if_version: Option<u64>,
    ) -> Result<Channel, Problem> {
        let asking = asking(ctx)?;
        let handle = self::handle(&handle)?;
        let command = EditChannel {
            handle: handle.clone(),
            edit: ChannelEdit::try_from(changes)?,
            seen: if_version.map(Version),
        };
        edit::execute(&asking.app, &asking.actor, command).await?;
        Ok(view::execute(&asking.app, &handle).await?.into())
    }

    /// Shows no cover any more.
    #[graphql(complexity = "READ + child_complexity")]
    async fn remove_cover(&self, ctx: &Context<'_>, handle: String) -> Result<Channel, Problem> {
        let asking = asking(ctx)?;
        let handle = self::handle(&handle)?;
        cover::remove(&asking.app, &asking.actor, &handle).await?;
        Ok(view::execute(&asking.app, &handle).await?.into())
    }

    /// Lets encoders in again after an administrator's end, for administrators.
    async fn unlock_ingest(&self, ctx: &Context<'_>, handle: String) -> Result<Channel, Problem> {
        let asking = asking(ctx)?;
        let handle = self::handle(&handle)?;
        Ok(lock::lift(&asking.app, &asking.actor, &handle)
            .await?
            .into())
    }
}

fn title(text: &str) -> Result<ChannelTitle, Problem> {
    field("title", text, ChannelTitle::parse)
}

fn field<T>(
    name: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, TextError>,
) -> Result<T, Problem> {
    parse(text).map_err(|error| Problem::text(name, error))
}

/// Left out keeps, `null` clears, a value sets.
fn optional<T>(
    name: &str,
    given: MaybeUndefined<String>,
    parse: impl Fn(&str) -> Result<T, TextError>,
) -> Option<Result<Option<T>, Problem>> {
    match given {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Ok(None)),
        MaybeUndefined::Value(text) => Some(field(name, &text, parse).map(Some)),
    }
}
