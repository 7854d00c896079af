//! Posts a message.

use std::sync::Arc;

use greenroom_domain::access::{Action, Denied, Standing, Tie};
use greenroom_domain::account::{DisplayName, User};
use greenroom_domain::chat::{
    Author, Badge, ClientMessageId, Content, Line, LineBody, Message, MessageText, NewLine,
    PostTerms, Seq, Speaker,
};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::commit::{Changes, CounterChange};
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::Version;

use crate::chat::rules::Rules;
use crate::chat::typing;
use crate::commit::Attempt;
use crate::{App, Refusal};

/// Posts a message.
#[derive(Debug, Clone)]
pub struct Post {
    /// To whose room.
    pub channel: ChannelId,
    /// What is said; cut where the room's limit is.
    pub text: String,
    /// What the client calls it: sent again with the same, it is the same message.
    pub client_id: Option<ClientMessageId>,
    /// What it answers.
    pub reply_to: Option<Seq>,
}

/// A message is in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The line that it is.
    pub line: Line,
    /// It was there already: this is the first answer again.
    pub repeated: bool,
}

/// Acknowledged only once it is durable.
pub async fn execute(app: &Arc<App>, actor: &Actor, post: Post) -> Result<Posted, Refusal> {
    execute_by(app, actor, post, None).await
}

/// The same by terms that are not the room's own.
pub async fn execute_by(
    app: &Arc<App>,
    actor: &Actor,
    post: Post,
    terms: Option<PostTerms>,
) -> Result<Posted, Refusal> {
    let mut limited = false;
    for _ in 0..5 {
        let rules = app.rules.of(app, post.channel).await?;
        let author = author(app, actor, &rules).await?;
        let terms = terms.unwrap_or_else(|| rules.room.terms());
        let speaker = author.clone();
        match attempt(app, &post, terms, &rules, speaker, &mut limited).await {
            Ok(line) => {
                typing::end(app, post.channel, author.0.identity);
                return Ok(Posted {
                    line,
                    repeated: false,
                });
            }
            Err(Attempt::Repeated(line)) => {
                return Ok(Posted {
                    line: *line,
                    repeated: true,
                });
            }
            Err(Attempt::Again | Attempt::Answered(_)) => app.rules.forget(post.channel),
            // Who sends again what has been taken already is not too fast.
            Err(Attempt::Refused(too_many @ Refusal::TooMany { .. })) => {
                return match taken_before(app, &post, author.0).await {
                    Some(line) => Ok(Posted {
                        line,
                        repeated: true,
                    }),
                    None => Err(too_many),
                };
            }
            Err(Attempt::Refused(refusal)) => return Err(refusal),
        }
    }
    Err(Refusal::Contended)
}

async fn attempt(
    app: &Arc<App>,
    post: &Post,
    terms: PostTerms,
    rules: &Rules,
    (author, standing): (Author, Standing),
    limited: &mut bool,
) -> Result<Line, Attempt> {
    let now = app.now();
    let room = &rules.room;
    let text = MessageText::parse(&post.text, terms.max_length)?;
    let speaker = speaker(app, rules, author.identity, standing, post.channel).await?;
    room.admit(&speaker, now)?;
    room.admit_text(standing, &text)?;
    if !*limited {
        for (rule, quota) in room.quotas(standing, terms) {
            let subject = format!("{}/{:?}", post.channel, author.identity);
            app.limit(rule, subject, quota).await?;
        }
        *limited = true;
    }
    let message = Message {
        author,
        client_id: post.client_id.clone(),
        content: Content::Text(text),
        reply_to: post.reply_to,
    };
    let body = LineBody::Message(message);
    let line = NewLine {
        room: post.channel,
        at: now,
        body: body.clone(),
        policy_seen: Some(rules.version),
    };
    let mut changes = Changes::new().line(line);
    if let Some(stream) = app.live.stream_of(app, post.channel).await? {
        changes = changes.counter(CounterChange::MessagesAdded(stream, 1));
    }
    let places = app.commit(changes).await?;
    let place = *places.first().ok_or(Attempt::Again)?;
    Ok(Line {
        place,
        at: now,
        body,
    })
}

/// The line that a message became when it was sent before. Asks by a commit that no store can
/// keep: a repeat is refused before a policy that has never been.
async fn taken_before(app: &Arc<App>, post: &Post, author: Author) -> Option<Line> {
    post.client_id.as_ref()?;
    let message = Message {
        author,
        client_id: post.client_id.clone(),
        content: Content::Deleted,
        reply_to: post.reply_to,
    };
    let line = NewLine {
        room: post.channel,
        at: app.now(),
        body: LineBody::Message(message),
        policy_seen: Some(Version(u64::MAX)),
    };
    match app.commit(Changes::new().line(line)).await {
        Err(Attempt::Repeated(line)) => Some(*line),
        _ => None,
    }
}

/// Who it is, if the room would take a message of theirs now.
pub(super) async fn may_speak(
    app: &App,
    actor: &Actor,
    room: ChannelId,
) -> Result<Identity, Refusal> {
    let who = actor.identity().ok_or(Denied::Forbidden)?;
    let channel = app.channel(room).await?.value;
    let standing = app.authorize(actor, &channel, Action::Chat).await?;
    let rules = app.rules.of(app, room).await?;
    let speaker = speaker(app, &rules, who, standing, room).await?;
    rules.room.admit(&speaker, app.now())?;
    Ok(who)
}

/// Who wants to speak, as the room's rules look at them. Since when they follow is only asked
/// where that matters.
async fn speaker(
    app: &App,
    rules: &Rules,
    who: Identity,
    standing: Standing,
    channel: ChannelId,
) -> Result<Speaker, Refusal> {
    let follows_since = match (rules.room.follow_age_for(standing), who) {
        (Some(_), Identity::User(user)) => {
            let follow = app.ports.follows.get(user, channel).await?;
            follow.map(|follow| follow.value.at)
        }
        _ => None,
    };
    Ok(Speaker {
        standing,
        restriction: rules.restriction(who),
        follows_since,
    })
}

/// What they are called; up to a second old where that was changed at another node.
async fn user(app: &App, id: UserId) -> Result<Arc<User>, Refusal> {
    let now = app.now();
    match app.users.fresh(&id, now) {
        Ok(user) => Ok(user),
        Err(reading) => {
            let user = app.ports.users.get(id).await?;
            let user = user.ok_or(Refusal::NoSuchUser)?.value;
            Ok(app.users.keep(id, user, reading, now))
        }
    }
}

/// Who speaks, as everybody will see them.
async fn author(app: &App, actor: &Actor, rules: &Rules) -> Result<(Author, Standing), Refusal> {
    let tie = actor.identity().map_or(Tie::None, |who| rules.tie(who));
    let standing = Standing::of(actor, rules.owner, tie);
    let author = match actor {
        Actor::User { id, .. } => {
            let user = user(app, *id).await?;
            let owns = (user.id == rules.owner).then_some(Badge::Owner);
            let is = match standing {
                Standing::Admin => Some(Badge::Admin),
                Standing::Moderator => Some(Badge::Moderator),
                Standing::Vip => Some(Badge::Vip),
                _ => None,
            };
            Author {
                identity: Identity::User(*id),
                username: Some(user.username.clone()),
                name: user.display_name.clone(),
                badges: owns.into_iter().chain(is).collect(),
            }
        }
        Actor::Guest(id) => {
            let name = DisplayName::of_guest(*id);
            Author {
                identity: Identity::Guest(*id),
                username: None,
                name,
                badges: Vec::new(),
            }
        }
        Actor::Operator | Actor::System => {
            return Err(Denied::Forbidden.into());
        }
    };
    Ok((author, standing))
}
