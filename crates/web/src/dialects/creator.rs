//! Creators, as the documents know them: they just go live.

use std::sync::Arc;

use greenroom_app::account::become_creator;
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::view::{self, ChannelView};
use greenroom_app::{App, Refusal};
use greenroom_domain::account::{CreatorStatus, User};
use greenroom_domain::channel::{ChannelTitle, Handle};
use greenroom_domain::shared::actor::Actor;

use crate::problem::Problem;

/// Asks to create for whoever never has, where a document lets everybody go live. Who approves
/// is the operator's choice: until somebody does, the use cases refuse.
pub(crate) async fn ask(app: &Arc<App>, actor: &Actor, user: &User) -> Result<(), Refusal> {
    if user.creator == CreatorStatus::None {
        become_creator::execute(app, actor).await?;
    }
    Ok(())
}

/// The asker's channel, which is made for an approved creator who has none: in their name, and
/// called like what they do first.
pub(crate) async fn own_channel(
    app: &Arc<App>,
    actor: &Actor,
    user: &User,
    title: Option<&ChannelTitle>,
) -> Result<ChannelView, Problem> {
    match view::own(app, actor).await {
        Err(Refusal::NoSuchChannel) => {}
        found => return Ok(found?),
    }
    let title = match title {
        Some(title) => title.clone(),
        None => ChannelTitle::parse(user.display_name.as_str())
            .map_err(|error| Problem::text("title", error))?,
    };
    for handle in handles(user) {
        let command = CreateChannel {
            handle,
            title: title.clone(),
        };
        match create::execute(app, actor, command).await {
            Err(Refusal::HandleTaken) => {}
            Err(Refusal::ChannelExists) | Ok(_) => break,
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(view::own(app, actor).await?)
}

/// Their name, or else one that is nobody's.
fn handles(user: &User) -> impl Iterator<Item = Handle> {
    let digits = user.id.uuid().simple().to_string();
    let spare = format!("u{}", &digits[digits.len() - 16..]);
    let names = [user.username.to_string(), spare];
    names
        .into_iter()
        .filter_map(|name| Handle::parse(&name).ok())
}
