//! What is said in a room.

use std::sync::atomic::Ordering;

use async_graphql::{Context, Object, SimpleObject};
use greenroom_app::Refusal;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::post::Post;
use greenroom_app::chat::say::{self, Said};
use greenroom_app::chat::{clear, configure, delete, pin, typing};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ClientMessageId, Place, Seq};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::page::PageLimit;
use http::StatusCode;

use super::commands::CommandDone;
use super::lines::ChatLine;
use super::pins::ChatPin;
use super::restrictions::{self, ChatRestriction};
use super::settings::StoredChatSettings;
use crate::context;
use crate::graphql::page::{self, Connection, READ};
use crate::graphql::{asking, handle};
use crate::problem::Problem;
use crate::wire::identity;

/// A channel's chat room.
pub struct Chat(pub(in crate::graphql) Channel);

/// A channel's chat room.
#[Object]
impl Chat {
    /// Its log, oldest line first: with `first` and `after` what was missed, with `last` and
    /// `before` what came before; the newest lines if nothing is said. A place that cannot be
    /// gone on from is refused with `RESYNC`: throw away what is there, and read the newest.
    #[graphql(complexity = "page::cost(first.or(last), child_complexity)")]
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
        #[graphql(desc = "1 to 100; 25 if not said.")] last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<ChatLine>, Problem> {
        let (part, limit) = part(first, after, last, before)?;
        let asking = asking(ctx)?;
        let history =
            history::execute(&asking.app, &asking.actor, &self.0.handle, part, limit).await?;
        if history.resync {
            let problem = Problem::new(
                StatusCode::BAD_REQUEST,
                "RESYNC",
                "this place cannot be gone on from; read the newest lines anew",
            );
            return Err(problem.with("head", history.head.to_string()));
        }
        let ends = history.lines.first().zip(history.lines.last());
        let (more_before, more_behind) = ends.map_or((false, false), |(first, last)| {
            (
                first.place.seq > Seq::ZERO.next(),
                last.place.seq < history.head.seq,
            )
        });
        // The use case has left out already what the actor may not see.
        let lines = history.lines.into_iter().map(ChatLine::staff);
        let nodes = lines.map(|line| (line.place(), line));
        Ok(Connection::of_nodes(nodes, more_before, more_behind))
    }

    /// The room's rules.
    #[graphql(complexity = "2 * READ + child_complexity")]
    async fn settings(&self, ctx: &Context<'_>) -> Result<StoredChatSettings, Problem> {
        let room = configure::current(&asking(ctx)?.app, &self.0.handle).await?;
        Ok(room.into())
    }

    /// What it keeps in view, oldest first, five at most, for whoever may read it.
    #[graphql(complexity = "READ + 5 * child_complexity")]
    async fn pins(&self, ctx: &Context<'_>) -> Result<Vec<ChatPin>, Problem> {
        let asking = asking(ctx)?;
        let pinned = pin::list(&asking.app, &asking.actor, &self.0.handle).await?;
        Ok(pinned.into_iter().map(ChatPin::from).collect())
    }

    /// Who may not chat, for the room's staff.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn restrictions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<ChatRestriction>, Problem> {
        restrictions::list(asking(ctx)?, self.0.id, first, after.as_deref()).await
    }
}

/// Which part of the log is asked for, and how many lines of it.
fn part(
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<(Part, PageLimit), Problem> {
    let malformed = |text: &str| Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_QUERY", text);
    if (first.is_some() || after.is_some()) && (last.is_some() || before.is_some()) {
        return Err(malformed("either first and after, or last and before"));
    }
    if let Some(after) = after {
        return Ok((
            Part::After(place("after", &after)?),
            page::limit("first", first)?,
        ));
    }
    if first.is_some() {
        return Err(malformed("first: it goes with after").with("field", "first"));
    }
    let part = match before {
        Some(before) => Part::Before(place("before", &before)?.seq),
        None => Part::Newest,
    };
    Ok((part, page::limit("last", last)?))
}

/// A place in a room's log.
pub(in crate::graphql) fn place(field: &str, text: &str) -> Result<Place, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "MALFORMED_QUERY",
            format!("{field}: this is not a place"),
        )
        .with("field", field)
    })
}

/// What became of a message.
#[derive(SimpleObject)]
pub(super) struct PostedMessage {
    /// The line that it is; `null` where it was a command.
    line: Option<ChatLine>,
    /// It was there already: this is the first answer again.
    repeated: bool,
    /// The command that it was, carried out.
    command: Option<CommandDone>,
}

#[derive(Default)]
pub(super) struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Posts a message; answered when it is durable. What begins with `/` is a command
    /// (`/timeout name 10m`), and is carried out.
    #[graphql(complexity = "READ + child_complexity")]
    async fn post_message(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "Cut where the room's limit is; at most 8 KiB.")] text: String,
        #[graphql(
            desc = "What the client calls it: sent again with the same, it is the same \
                          message. 1 to 64 printable ASCII characters."
        )]
        client_message_id: Option<String>,
        #[graphql(desc = "The number of the line that it answers.")] reply_to: Option<u64>,
    ) -> Result<PostedMessage, Problem> {
        let asking = asking(ctx)?;
        let client_id = client_message_id.as_deref().map(ClientMessageId::parse);
        let client_id = client_id
            .transpose()
            .map_err(|error| Problem::text("clientMessageId", error))?;
        let post = Post {
            channel: room(asking, &handle).await?,
            text,
            client_id,
            reply_to: reply_to.map(Seq),
        };
        let posted = match say::execute(&asking.app, &asking.actor, post).await? {
            Said::Posted(posted) => posted,
            Said::Done(done) => {
                return Ok(PostedMessage {
                    line: None,
                    repeated: false,
                    command: Some(done.into()),
                });
            }
        };
        asking.keep_guest();
        if !posted.repeated {
            let meters = &asking.config.meters;
            meters.chat_messages.fetch_add(1, Ordering::Relaxed);
        }
        Ok(PostedMessage {
            line: Some(ChatLine::public(&posted.line)),
            repeated: posted.repeated,
            command: None,
        })
    }

    /// Shows that one types, or has stopped. Too often is not shown, and no error.
    async fn set_typing(
        &self,
        ctx: &Context<'_>,
        handle: String,
        active: bool,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let room = room(asking, &handle).await?;
        typing::execute(&asking.app, &asking.actor, room, active).await?;
        Ok(active)
    }

    /// Deletes a message: one's own, or anybody's for the room's staff. Again is no change.
    async fn delete_message(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "The number of its line.")] seq: u64,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let room = room(asking, &handle).await?;
        delete::execute(&asking.app, &asking.actor, room, Seq(seq)).await?;
        Ok(true)
    }

    /// Deletes what somebody said last, for the room's staff: up to a hundred messages among the
    /// room's newest thousand lines. Answers how many there were.
    #[graphql(complexity = "4 * READ + child_complexity")]
    async fn clear_messages(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "`user:<id>` or `guest:<id>`.")] author: String,
    ) -> Result<u64, Problem> {
        let asking = asking(ctx)?;
        let room = room(asking, &handle).await?;
        let author = identity(&author).ok_or(Refusal::NoSuchUser)?;
        let cleared = clear::execute(&asking.app, &asking.actor, room, author).await?;
        Ok(u64::try_from(cleared).unwrap_or(u64::MAX))
    }
}

/// The room of a channel.
pub(super) async fn room(asking: &context::Context, name: &str) -> Result<ChannelId, Problem> {
    let channel = asking.app.ports.channels.by_handle(&handle(name)?).await;
    let channel = channel.map_err(Refusal::from)?;
    Ok(channel.ok_or(Refusal::NoSuchChannel)?.value.id)
}
