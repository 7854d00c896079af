//! Takes what somebody typed: a message, or a command.

use std::sync::Arc;

use greenroom_domain::chat::{Command, PostTerms};
use greenroom_domain::shared::actor::Actor;

use crate::chat::command::{self, Done};
use crate::chat::post::{self, Post, Posted};
use crate::{App, Refusal};

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// It is in the log.
    Posted(Posted),
    /// It was a command, and was carried out.
    Done(Done),
}

/// What begins with `/` is a [command](Command), anything else is said.
pub async fn execute(app: &Arc<App>, actor: &Actor, post: Post) -> Result<Said, Refusal> {
    execute_by(app, actor, post, None).await
}

/// The same by terms that are not the room's own.
pub async fn execute_by(
    app: &Arc<App>,
    actor: &Actor,
    post: Post,
    terms: Option<PostTerms>,
) -> Result<Said, Refusal> {
    match Command::parse(&post.text) {
        Some(command) => {
            let done = command::execute(app, actor, post.channel, command?).await?;
            Ok(Said::Done(done))
        }
        None => {
            let posted = post::execute_by(app, actor, post, terms).await?;
            Ok(Said::Posted(posted))
        }
    }
}
