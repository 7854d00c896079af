//! What the command line asks of a platform: by itself when the server is down, through the
//! server's `control.sock` when it runs. The same commands, the same answers.

use std::sync::Arc;

use greenroom_app::account::register::{self, Register};
use greenroom_app::account::review_creator::{self, Review};
use greenroom_app::account::{change_password, list, sign_in};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::channel::{lock, view};
use greenroom_app::{App, Refusal};
use greenroom_domain::account::{CreatorStatus, DisplayName, Password, Role, User, Username};
use greenroom_domain::channel::{ChannelTitle, Handle, KeyLabel, KeyState, StreamKey};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::page::{Cursor, PageLimit, PageRequest};
use greenroom_domain::shared::text::TextError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One command.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OperatorCommand {
    /// Makes an account.
    CreateUser {
        /// Its name.
        username: String,
        /// To sign in with.
        password: String,
        /// As shown.
        display_name: Option<String>,
        /// Whether it administers.
        admin: bool,
        /// Whether it may create.
        creator: bool,
    },
    /// Lists accounts.
    ListUsers {
        /// Goes on behind this cursor.
        after: Option<String>,
    },
    /// Gives or takes the administrator's role.
    SetAdmin {
        /// Whose.
        username: String,
        /// Whether they administer from now on.
        admin: bool,
    },
    /// Approves or suspends a creator.
    ReviewCreator {
        /// Who.
        username: String,
        /// Whether they may create from now on.
        approved: bool,
    },
    /// Sets a password, for those who forgot theirs.
    ResetPassword {
        /// Whose.
        username: String,
        /// The new one.
        password: String,
    },
    /// Opens a session and shows its token: a bearer token for scripts.
    CreateToken {
        /// Whose.
        username: String,
    },
    /// Makes a creator's channel.
    CreateChannel {
        /// Whose; approved as a creator by it.
        username: String,
        /// Its name in addresses.
        handle: String,
        /// Its title.
        title: String,
    },
    /// Shows a channel with its keys, without their secrets.
    ShowChannel {
        /// Which.
        handle: String,
    },
    /// Makes a stream key and shows its secret.
    CreateKey {
        /// Of which channel.
        handle: String,
        /// What its owner will call it.
        label: String,
    },
    /// Lets encoders in again after an administrator's end.
    UnlockChannel {
        /// Which.
        handle: String,
    },
}

impl std::fmt::Debug for OperatorCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorCommand(…)")
    }
}

/// A command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// A word of it does not fit.
    #[error("{field}: {problem}")]
    Text {
        /// Which.
        field: &'static str,
        /// Why not.
        problem: TextError,
    },
    /// The use case said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Carries out a command and answers what is to be shown, as JSON.
pub async fn carry_out(app: &Arc<App>, command: OperatorCommand) -> Result<Value, OperatorError> {
    let by = &Actor::Operator;
    match command {
        OperatorCommand::CreateUser {
            username,
            password,
            display_name,
            admin,
            creator,
        } => {
            let register = Register {
                username: parse("username", Username::parse(&username))?,
                display_name: display_name
                    .map(|name| parse("display name", DisplayName::parse(&name)))
                    .transpose()?,
                password: parse("password", Password::parse(password))?,
                peer: None,
            };
            create_user(app, register, admin, creator).await
        }
        OperatorCommand::ListUsers { after } => {
            let page = PageRequest {
                after: after.map(Cursor),
                limit: PageLimit::MAX,
            };
            let page = list::execute(app, by, None, &page).await?;
            let users: Vec<Value> = page.items.iter().map(user_json).collect();
            Ok(json!({ "users": users, "next": page.next.map(|cursor| cursor.0) }))
        }
        OperatorCommand::SetAdmin { username, admin } => {
            let role = if admin { Role::Admin } else { Role::User };
            review(app, &username, Review::SetRole(role)).await
        }
        OperatorCommand::ReviewCreator { username, approved } => {
            review(
                app,
                &username,
                if approved {
                    Review::Approve
                } else {
                    Review::Suspend
                },
            )
            .await
        }
        OperatorCommand::ResetPassword { username, password } => {
            let user = user(app, &username).await?;
            change_password::reset(
                app,
                by,
                user.id,
                parse("password", Password::parse(password))?,
            )
            .await?;
            Ok(user_json(&user))
        }
        OperatorCommand::CreateToken { username } => {
            let signed_in = sign_in::execute_for(app, by, user(app, &username).await?.id).await?;
            Ok(json!({
                "token": signed_in.token.expose(),
                "expires_at": signed_in.session.expires_at.to_rfc3339(),
            }))
        }
        OperatorCommand::CreateChannel {
            username,
            handle,
            title,
        } => {
            let command = CreateChannel {
                handle: parse("handle", Handle::parse(&handle))?,
                title: parse("title", ChannelTitle::parse(&title))?,
            };
            create_channel(app, &username, command).await
        }
        OperatorCommand::ShowChannel { handle } => {
            show_channel(app, &parse("handle", Handle::parse(&handle))?).await
        }
        OperatorCommand::CreateKey { handle, label } => {
            let command = CreateKey {
                handle: parse("handle", Handle::parse(&handle))?,
                label: parse("label", KeyLabel::parse(&label))?,
                bound_to: None,
            };
            create_key(app, command).await
        }
        OperatorCommand::UnlockChannel { handle } => {
            let handle = parse("handle", Handle::parse(&handle))?;
            lock::lift(app, by, &handle).await?;
            show_channel(app, &handle).await
        }
    }
}

async fn create_user(
    app: &Arc<App>,
    register: Register,
    admin: bool,
    creator: bool,
) -> Result<Value, OperatorError> {
    let by = &Actor::Operator;
    let mut user = register::execute(app, by, register).await?;
    if admin {
        user = review_creator::execute(app, by, user.id, Review::SetRole(Role::Admin)).await?;
    }
    if creator {
        user = review_creator::execute(app, by, user.id, Review::Approve).await?;
    }
    Ok(user_json(&user))
}

async fn create_channel(
    app: &Arc<App>,
    username: &str,
    command: CreateChannel,
) -> Result<Value, OperatorError> {
    let by = &Actor::Operator;
    let owner = user(app, username).await?;
    if owner.require_creator().is_err() {
        review_creator::execute(app, by, owner.id, Review::Approve).await?;
    }
    let channel = create::execute_for(app, by, owner.id, command).await?.value;
    show_channel(app, &channel.handle).await
}

async fn create_key(app: &Arc<App>, command: CreateKey) -> Result<Value, OperatorError> {
    let revealed = keys::create(app, &Actor::Operator, command).await?;
    let mut shown = key_json(&revealed.key);
    shown["secret"] = json!(revealed.secret.expose());
    shown["publish_to"] = json!(publish_to(app));
    Ok(shown)
}

async fn review(app: &Arc<App>, username: &str, review: Review) -> Result<Value, OperatorError> {
    let id: UserId = user(app, username).await?.id;
    Ok(user_json(
        &review_creator::execute(app, &Actor::Operator, id, review).await?,
    ))
}

async fn user(app: &Arc<App>, username: &str) -> Result<User, OperatorError> {
    let username = parse("username", Username::parse(username))?;
    Ok(greenroom_app::account::profile::by_username(app, &username).await?)
}

async fn show_channel(app: &Arc<App>, handle: &Handle) -> Result<Value, OperatorError> {
    let shown = view::execute(app, handle).await?;
    let keys = keys::list(app, &Actor::Operator, handle).await?;
    let channel = &shown.channel.value;
    Ok(json!({
        "id": channel.id.to_string(),
        "handle": channel.handle.as_str(),
        "title": channel.title.as_str(),
        "owner": shown.owner.username.as_str(),
        "live": shown.live.is_some(),
        "publish_to": publish_to(app),
        "keys": keys.iter().map(key_json).collect::<Vec<_>>(),
    }))
}

fn publish_to(app: &App) -> Vec<String> {
    view::ingest_addresses(app)
        .into_iter()
        .map(|address| address.url)
        .collect()
}

fn user_json(user: &User) -> Value {
    let creator = match user.creator {
        CreatorStatus::None => "none",
        CreatorStatus::Requested => "requested",
        CreatorStatus::Approved => "approved",
        CreatorStatus::Suspended => "suspended",
    };
    json!({
        "id": user.id.to_string(),
        "username": user.username.as_str(),
        "display_name": user.display_name.as_str(),
        "admin": user.role == Role::Admin,
        "creator": creator,
        "created_at": user.created_at.to_rfc3339(),
    })
}

fn key_json(key: &StreamKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "label": key.label.as_str(),
        "revoked": matches!(key.state, KeyState::Revoked { .. }),
        "created_at": key.created_at.to_rfc3339(),
    })
}

fn parse<T>(field: &'static str, parsed: Result<T, TextError>) -> Result<T, OperatorError> {
    parsed.map_err(|problem| OperatorError::Text { field, problem })
}

/// A password that nobody knows, for an account that nobody signs in to.
pub fn unknown_password(app: &App) -> String {
    greenroom_domain::account::SessionToken::generate(app.ports.ids.secret())
        .expose()
        .to_owned()
}

/// The secret of a channel's first key that works, made where there is none.
pub async fn working_key(app: &Arc<App>, handle: &str) -> Result<String, OperatorError> {
    let handle = parse("handle", Handle::parse(handle))?;
    let keys = keys::list(app, &Actor::Operator, &handle).await?;
    let revealed = match keys.iter().find(|key| key.hash().is_some()) {
        Some(key) => keys::reveal(app, &Actor::Operator, key.id).await?,
        None => {
            let label = parse("label", KeyLabel::parse("Encoder"))?;
            keys::create(
                app,
                &Actor::Operator,
                CreateKey {
                    handle,
                    label,
                    bound_to: None,
                },
            )
            .await?
        }
    };
    Ok(revealed.secret.expose().to_owned())
}
