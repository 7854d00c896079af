//! A new stream, by REST and by Socket.IO.

use std::sync::Arc;

use greenroom_app::App;
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::view::StreamView;
use greenroom_domain::account::User;
use greenroom_domain::channel::{Category, ChannelEdit, ChannelTitle, Description};
use greenroom_domain::shared::actor::Actor;
use serde::Deserialize;

use crate::dialects::creator;
use crate::problem::Problem;

/// A stream that is planned.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewStream {
    /// Whoever asks.
    pub(crate) artist_id: Option<String>,
    pub(crate) title: Option<String>,
    /// The channel's from now on: a stream has none of its own.
    pub(crate) description: Option<String>,
    pub(crate) category: Option<String>,
}

impl NewStream {
    pub(crate) async fn create(
        &self,
        app: &Arc<App>,
        actor: &Actor,
        user: &User,
    ) -> Result<StreamView, Problem> {
        let title = self.title.as_deref().map(ChannelTitle::parse).transpose();
        let title = title.map_err(|error| Problem::text("title", error))?;
        let category = self.category.as_deref().map(Category::parse).transpose();
        let category = category.map_err(|error| Problem::text("category", error))?;
        let description = self.description.as_deref().map(Description::parse);
        let description = description
            .transpose()
            .map_err(|error| Problem::text("description", error))?;
        creator::ask(app, actor, user).await?;
        let channel = creator::own_channel(app, actor, user, title.as_ref()).await?;
        let handle = channel.channel.value.handle;
        if description.is_some() {
            let command = EditChannel {
                handle: handle.clone(),
                edit: ChannelEdit {
                    description,
                    ..ChannelEdit::default()
                },
                seen: None,
            };
            edit::execute(app, actor, command).await?;
        }
        let command = CreateStream {
            handle,
            title,
            category,
        };
        Ok(create::execute(app, actor, command).await?)
    }
}
