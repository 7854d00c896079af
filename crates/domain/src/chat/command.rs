//! What is typed into the chat to act rather than to speak: `/ban name reason`.

use std::time::Duration;

use crate::account::Username;
use crate::chat::{ChannelRole, ChatDelay, FollowAge, ModerationReason, SlowMode};

/// How long a timeout is when nothing is said, as elsewhere in the field.
const USUAL_TIMEOUT: Duration = Duration::from_secs(600);
/// The slow mode when nothing is said, in seconds.
const USUAL_SLOW_MODE: u16 = 30;
/// The delay when nothing is said, in seconds.
const USUAL_DELAY: u16 = 4;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `/timeout name [600|10m] [reason]`
    Timeout {
        /// Whom.
        user: Username,
        /// For how long.
        length: Duration,
        /// Why, for staff.
        reason: Option<ModerationReason>,
    },
    /// `/untimeout name`
    Untimeout(Username),
    /// `/ban name [reason]`
    Ban {
        /// Whom.
        user: Username,
        /// Why, for staff.
        reason: Option<ModerationReason>,
    },
    /// `/unban name`
    Unban(Username),
    /// `/clear name`: deletes what they said last.
    Clear(Username),
    /// `/mod name`, `/vip name`
    Appoint(Username, ChannelRole),
    /// `/unmod name`, `/unvip name`
    Dismiss(Username, ChannelRole),
    /// `/block name`
    Block(Username),
    /// `/unblock name`
    Unblock(Username),
    /// A rule of the room: `/slow 5`, `/slowoff`, `/followers 10m`, `/emoteonly`, `/delay 4`, …
    Rule(Rule),
}

/// One rule of a room, changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// How long everybody waits between two messages.
    Slow(Option<SlowMode>),
    /// For how long one has to have followed.
    Followers(Option<FollowAge>),
    /// Nothing but emotes.
    EmotesOnly(Switch),
    /// How much later viewers see the chat.
    Delay(Option<ChatDelay>),
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// From now on.
    On,
    /// No more.
    Off,
}

/// A text began with `/` and is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is none of this name.
    #[error("there is no such command; there are {}", Command::ALL.join(", "))]
    Unknown,
    /// It is used otherwise.
    #[error("it is used like this: {usage}")]
    Usage {
        /// How.
        usage: &'static str,
    },
}

impl Command {
    /// The names of all.
    pub const ALL: &'static [&'static str] = &[
        "/timeout",
        "/untimeout",
        "/ban",
        "/unban",
        "/clear",
        "/mod",
        "/unmod",
        "/vip",
        "/unvip",
        "/block",
        "/unblock",
        "/slow",
        "/slowoff",
        "/followers",
        "/followersoff",
        "/emoteonly",
        "/emoteonlyoff",
        "/delay",
        "/delayoff",
    ];

    /// Reads a command; `None` when the text does not begin with `/` and is to be said.
    pub fn parse(text: &str) -> Option<Result<Self, CommandError>> {
        let text = text.trim().strip_prefix('/')?;
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Some(Self::read(&name.to_ascii_lowercase(), rest))
    }

    fn read(name: &str, rest: &str) -> Result<Self, CommandError> {
        Ok(match name {
            "timeout" => timeout(rest)?,
            "untimeout" => Self::Untimeout(alone(rest, "/untimeout name")?),
            "ban" => {
                let (user, reason) = somebody(rest, "/ban name [reason]")?;
                let reason = why(reason, "/ban name [reason]")?;
                Self::Ban { user, reason }
            }
            "unban" => Self::Unban(alone(rest, "/unban name")?),
            "clear" => Self::Clear(alone(rest, "/clear name")?),
            "mod" => Self::Appoint(alone(rest, "/mod name")?, ChannelRole::Moderator),
            "unmod" => Self::Dismiss(alone(rest, "/unmod name")?, ChannelRole::Moderator),
            "vip" => Self::Appoint(alone(rest, "/vip name")?, ChannelRole::Vip),
            "unvip" => Self::Dismiss(alone(rest, "/unvip name")?, ChannelRole::Vip),
            "block" => Self::Block(alone(rest, "/block name")?),
            "unblock" => Self::Unblock(alone(rest, "/unblock name")?),
            _ => Self::Rule(Rule::read(name, rest)?),
        })
    }
}

impl Rule {
    fn read(name: &str, rest: &str) -> Result<Self, CommandError> {
        let usage = |usage| CommandError::Usage { usage };
        let nothing = |usage| match rest.trim() {
            "" => Ok(()),
            _ => Err(CommandError::Usage { usage }),
        };
        Ok(match name {
            "slow" => {
                let how = usage("/slow [seconds, 1 to 600]");
                let seconds = seconds_or(rest, USUAL_SLOW_MODE).ok_or(how)?;
                Self::Slow(Some(SlowMode::new(seconds).map_err(|_| how)?))
            }
            "followers" => {
                let how = usage("/followers [10m, 2h, 30d: up to 90 days]");
                let age = match rest.trim() {
                    "" => Duration::ZERO,
                    text => length(text).ok_or(how)?,
                };
                Self::Followers(Some(FollowAge::new(age).map_err(|_| how)?))
            }
            "delay" => {
                let how = usage("/delay [seconds, 1 to 60]");
                let seconds = seconds_or(rest, USUAL_DELAY).ok_or(how)?;
                Self::Delay(Some(ChatDelay::new(seconds).map_err(|_| how)?))
            }
            "emoteonly" => nothing("/emoteonly").map(|()| Self::EmotesOnly(Switch::On))?,
            "emoteonlyoff" => nothing("/emoteonlyoff").map(|()| Self::EmotesOnly(Switch::Off))?,
            "slowoff" => nothing("/slowoff").map(|()| Self::Slow(None))?,
            "followersoff" => nothing("/followersoff").map(|()| Self::Followers(None))?,
            "delayoff" => nothing("/delayoff").map(|()| Self::Delay(None))?,
            _ => return Err(CommandError::Unknown),
        })
    }
}

fn timeout(rest: &str) -> Result<Command, CommandError> {
    let usage = "/timeout name [600 or 10m] [reason]";
    let (user, rest) = somebody(rest, usage)?;
    let (word, behind) = next_word(rest);
    // What is no length of time is the reason already.
    let (length, reason) = match length(word) {
        Some(length) => (length, behind),
        None => (USUAL_TIMEOUT, rest),
    };
    let reason = why(reason, usage)?;
    Ok(Command::Timeout {
        user,
        length,
        reason,
    })
}

fn next_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn somebody<'a>(text: &'a str, usage: &'static str) -> Result<(Username, &'a str), CommandError> {
    let (name, rest) = next_word(text);
    let name = name.strip_prefix('@').unwrap_or(name);
    match Username::parse(name) {
        Ok(user) => Ok((user, rest)),
        Err(_) => Err(CommandError::Usage { usage }),
    }
}

fn alone(text: &str, usage: &'static str) -> Result<Username, CommandError> {
    match somebody(text, usage)? {
        (user, "") => Ok(user),
        _ => Err(CommandError::Usage { usage }),
    }
}

fn why(text: &str, usage: &'static str) -> Result<Option<ModerationReason>, CommandError> {
    match text.trim() {
        "" => Ok(None),
        reason => match ModerationReason::parse(reason) {
            Ok(reason) => Ok(Some(reason)),
            Err(_) => Err(CommandError::Usage { usage }),
        },
    }
}

fn seconds_or(text: &str, usual: u16) -> Option<u16> {
    match text.trim() {
        "" => Some(usual),
        text => u16::try_from(length(text)?.as_secs()).ok(),
    }
}

/// `600`, `90s`, `10m`, `2h`, `30d`.
fn length(text: &str) -> Option<Duration> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let unit = match &text[digits..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let count: u64 = text[..digits].parse().ok()?;
    Some(Duration::from_secs(count.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Command, CommandError> {
        Command::parse(text).expect("it begins with a slash")
    }

    fn name(name: &str) -> Username {
        Username::parse(name).unwrap()
    }

    #[test]
    fn what_does_not_begin_with_a_slash_is_said() {
        for text in ["hello", "and/or", "", " http://example.org"] {
            assert_eq!(Command::parse(text), None, "{text}");
        }
    }

    #[test]
    fn timeouts_have_a_length_and_a_reason_or_not() {
        let timeout = |seconds, reason: Option<&str>| {
            Ok(Command::Timeout {
                user: name("bob"),
                length: Duration::from_secs(seconds),
                reason: reason.map(|text| ModerationReason::parse(text).unwrap()),
            })
        };
        assert_eq!(parse("/timeout bob"), timeout(600, None));
        assert_eq!(parse("/timeout @Bob 90 "), timeout(90, None));
        assert_eq!(
            parse("  /TIMEOUT bob 10m be nice"),
            timeout(600, Some("be nice"))
        );
        assert_eq!(
            parse("/timeout bob shouting"),
            timeout(600, Some("shouting"))
        );
        assert!(matches!(parse("/timeout"), Err(CommandError::Usage { .. })));
    }

    #[test]
    fn rules_are_switched() {
        assert_eq!(
            parse("/slow 5"),
            Ok(Command::Rule(Rule::Slow(Some(SlowMode::new(5).unwrap()))))
        );
        assert_eq!(parse("/slowoff"), Ok(Command::Rule(Rule::Slow(None))));
        let ten_minutes = FollowAge::new(Duration::from_secs(600)).unwrap();
        assert_eq!(
            parse("/followers 10m"),
            Ok(Command::Rule(Rule::Followers(Some(ten_minutes))))
        );
        for wrong in [
            "/slow 0",
            "/slow x",
            "/slow 9999999999999999999",
            "/followers 91d",
            "/emoteonly now",
        ] {
            assert!(
                matches!(parse(wrong), Err(CommandError::Usage { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_unknown_one_names_those_that_there_are() {
        let error = parse("/dance").unwrap_err();
        assert_eq!(error, CommandError::Unknown);
        assert!(error.to_string().contains("/timeout"));
        for known in Command::ALL {
            assert_ne!(parse(known), Err(CommandError::Unknown), "{known}");
        }
        for odd in ["/", "//", "/ ban bob", "/\u{0}"] {
            assert_eq!(parse(odd), Err(CommandError::Unknown), "{odd}");
        }
    }
}
