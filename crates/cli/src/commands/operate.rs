//! Commands of the operator: carried out by the server that runs on the data folder, or by
//! this process when none does.

use greenroom::control::{self, Answer};
use greenroom::operator::{self, OperatorCommand};
use greenroom::{Config, Platform, StoreKind};
use serde_json::Value;

use crate::args::{Channel, User};
use crate::commands::password;
use crate::failure::Failure;

pub(crate) async fn run(
    config: Config,
    command: OperatorCommand,
    json: bool,
) -> Result<(), Failure> {
    if config.store == StoreKind::Memory {
        return Err("a store in memory is gone with its server; there is nothing to change".into());
    }
    let shown = match control::ask(&config.data_dir, command.clone()).await? {
        Some(Answer::Done(shown)) => shown,
        Some(Answer::Refused(why)) => return Err(why.into()),
        None => {
            let platform = Platform::open_beside(config).await?;
            operator::carry_out(platform.app(), command).await?
        }
    };
    if json {
        println!("{shown}");
    } else {
        show(&shown, "");
    }
    Ok(())
}

pub(crate) fn user(user: User) -> Result<OperatorCommand, Failure> {
    Ok(match user {
        User::Create {
            username,
            display_name,
            admin,
            creator,
        } => OperatorCommand::CreateUser {
            username,
            password: password::read()?,
            display_name,
            admin,
            creator,
        },
        User::List { after } => OperatorCommand::ListUsers { after },
        User::Promote { username } => OperatorCommand::SetAdmin {
            username,
            admin: true,
        },
        User::Demote { username } => OperatorCommand::SetAdmin {
            username,
            admin: false,
        },
        User::Approve { username } => OperatorCommand::ReviewCreator {
            username,
            approved: true,
        },
        User::Suspend { username } => OperatorCommand::ReviewCreator {
            username,
            approved: false,
        },
        User::Password { username } => OperatorCommand::ResetPassword {
            username,
            password: password::read()?,
        },
    })
}

pub(crate) fn channel(channel: Channel) -> OperatorCommand {
    match channel {
        Channel::Create {
            username,
            handle,
            title,
        } => OperatorCommand::CreateChannel {
            username,
            handle,
            title,
        },
        Channel::Show { handle } => OperatorCommand::ShowChannel { handle },
        Channel::Key { handle, label } => OperatorCommand::CreateKey { handle, label },
        Channel::Unlock { handle } => OperatorCommand::UnlockChannel { handle },
    }
}

pub(crate) fn token(username: String) -> OperatorCommand {
    OperatorCommand::CreateToken { username }
}

/// As `name: value` lines; lists item by item.
fn show(value: &Value, indent: &str) {
    let Value::Object(fields) = value else {
        println!("{indent}{value}");
        return;
    };
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::String(text) => println!("{indent}{name}: {text}"),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                println!("{indent}{name}:");
                for item in items {
                    show(item, &format!("{indent}  "));
                    println!();
                }
            }
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                println!("{indent}{name}: {}", items.join(", "));
            }
            other => println!("{indent}{name}: {other}"),
        }
    }
}
