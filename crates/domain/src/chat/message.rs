//! What somebody says.

use crate::account::{DisplayName, Username};
use crate::chat::emote::is_emotes_only;
use crate::chat::{PostRefused, Seq};
use crate::shared::actor::Identity;
use crate::shared::text::{TextError, cut};

/// The largest input that is looked at; more is refused unread.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024;

/// A message in a room's log.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Who said it, as they were called then.
    pub author: Author,
    /// What their client calls it, to recognise a repeat.
    pub client_id: Option<ClientMessageId>,
    /// What was said.
    pub content: Content,
    /// Which message it answers.
    pub reply_to: Option<Seq>,
}

/// What was said, or that it is gone.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Content {
    /// As it was sent.
    Text(MessageText),
    /// It was deleted: the text is nowhere any more.
    Deleted,
}

/// A message's text: never empty, never HTML, without control characters but line breaks and
/// tabs, cut where it was too long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MessageText {
    /// As it was sent. Whoever shows it escapes it.
    pub text: String,
    /// There was more of it.
    pub truncated: bool,
}

impl MessageText {
    /// Takes a text of at most [`MAX_MESSAGE_BYTES`] and cuts it after `max_length` graphemes.
    pub fn parse(raw: &str, max_length: u16) -> Result<Self, PostRefused> {
        if raw.len() > MAX_MESSAGE_BYTES {
            return Err(PostRefused::TooLarge {
                max_bytes: MAX_MESSAGE_BYTES,
            });
        }
        // Nobody types control characters, and not every store and terminal bears them.
        let typed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
        let shown: String = raw.chars().filter(typed).collect();
        let shown = shown.trim();
        if shown.is_empty() {
            return Err(PostRefused::Empty);
        }
        let (text, truncated) = cut(shown, usize::from(max_length));
        Ok(Self { text, truncated })
    }

    /// Whether there is nothing in it but emotes.
    pub fn is_emotes_only(&self) -> bool {
        is_emotes_only(&self.text)
    }
}

/// Who said something, as everybody may see it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Author {
    /// Who it is.
    pub identity: Identity,
    /// What they are mentioned by; guests have none.
    pub username: Option<Username>,
    /// What they are called.
    pub name: DisplayName,
    /// What they are to the channel.
    pub badges: Vec<Badge>,
}

/// What somebody is to a channel, shown beside their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Badge {
    /// It is theirs.
    Owner,
    /// They administer the platform.
    Admin,
    /// They keep order in its chat.
    Moderator,
    /// Its owner thinks much of them.
    Vip,
}

/// What a client calls a message before it has a place: 1 to 64 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct ClientMessageId(String);

impl ClientMessageId {
    /// Parses it by the rule above.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        match text.len() {
            0 => Err(TextError::Empty),
            1..=64 if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(Self(text.to_owned())),
            1..=64 => Err(TextError::Forbidden {
                allowed: "it may hold printable ASCII characters only",
            }),
            _ => Err(TextError::TooLong { max: 64 }),
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The names that a text mentions (`@name`), each once, at most ten.
pub fn mentions(text: &str) -> Vec<Username> {
    let mut found: Vec<Username> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let begins_a_word = text[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        if let (true, Ok(name)) = (begins_a_word, Username::parse(&rest[..end]))
            && !found.contains(&name)
            && found.len() < 10
        {
            found.push(name);
        }
    }
    found
}
