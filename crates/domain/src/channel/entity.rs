//! The channel itself.

use std::time::Duration;

use crate::channel::{ChannelError, ChannelEvent, TagsError};
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, PictureId, StreamKeyId, UserId};
use crate::shared::text::{TextError, address_name, free_text, text_fields};

/// How long a key is refused after its owner ended the stream: encoders reconnect by
/// themselves.
pub const OWNER_HOLD: Duration = Duration::from_secs(60);

/// What stands, or may come to stand, at the root of the platform's addresses.
const RESERVED: &[&str] = &[
    "about",
    "account",
    "admin",
    "api",
    "assets",
    "browse",
    "category",
    "dash",
    "dashboard",
    "docs",
    "embed",
    "following",
    "graphql",
    "healthz",
    "help",
    "hls",
    "live",
    "login",
    "logout",
    "media",
    "metrics",
    "pictures",
    "privacy",
    "readyz",
    "register",
    "search",
    "settings",
    "setup",
    "sign-in",
    "sign-out",
    "signin",
    "signup",
    "static",
    "status",
    "streams",
    "terms",
    "thumbnails",
    "users",
    "videos",
    "vod",
    "watch",
    "whep",
    "whip",
];

/// A creator's channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its id, and its chat room's.
    pub id: ChannelId,
    /// Whose it is.
    pub owner: UserId,
    /// Unique, as it stands in addresses.
    pub handle: Handle,
    /// What the next stream is called, and the one that is live.
    pub title: ChannelTitle,
    /// More about it.
    pub description: Description,
    /// What it is about.
    pub category: Option<Category>,
    /// In which language.
    pub language: Option<Language>,
    /// To be found by.
    pub tags: Tags,
    /// What is shown where there is no stream to show.
    pub cover: Option<PictureId>,
    /// Whether encoders may come in.
    pub gate: IngestGate,
    /// Since when.
    pub created_at: Timestamp,
}

/// Whether encoders may come in.
#[derive(Debug, Clone, PartialEq)]
pub enum IngestGate {
    /// With any valid key.
    Open,
    /// The owner ended the stream: that key has to wait, or the owner starts again.
    Held {
        /// Which key.
        key: StreamKeyId,
        /// It may again from then on.
        until: Timestamp,
    },
    /// An administrator ended the stream: nobody, until an administrator lifts it.
    Locked {
        /// Since when.
        since: Timestamp,
    },
}

/// What it takes to make a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct NewChannel {
    /// Its id.
    pub id: ChannelId,
    /// Whose.
    pub owner: UserId,
    /// Its name in addresses.
    pub handle: Handle,
    /// Its title.
    pub title: ChannelTitle,
}

/// What is to be different. `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChannelEdit {
    /// A new title.
    pub title: Option<ChannelTitle>,
    /// A new description.
    pub description: Option<Description>,
    /// A new category, or none.
    pub category: Option<Option<Category>>,
    /// A new language, or none.
    pub language: Option<Option<Language>>,
    /// New tags.
    pub tags: Option<Tags>,
}

text_fields! {
    /// A channel's name in addresses: 3 to 32 of `a-z 0-9 - _`, folded to lower case.
    ///
    /// Addresses that are the platform's own cannot be had.
    Handle = |text| match address_name(text, 3, 32)? {
        name if RESERVED.contains(&name.as_str()) => {
            Err(TextError::Forbidden { allowed: "this name is the platform's own; choose another" })
        }
        name => Ok(name),
    };
    /// What a stream is called: 1 to 120 characters on one line.
    ChannelTitle = |text| one_line(text, 120);
    /// What a channel is about: up to 2,000 characters.
    Description = |text| free_text(text, 2000);
    /// A category: 1 to 50 characters.
    Category = |text| one_line(text, 50);
    /// A language tag (BCP 47), such as `en` or `pt-BR`; only its shape is checked.
    Language = |text| language(text);
    /// A tag: 1 to 25 characters, folded to lower case.
    Tag = |text| one_line(text, 25).map(|tag| tag.to_lowercase());
}

/// At most ten different tags, in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// How many there may be.
    pub const MAX: usize = 10;

    /// Refuses an eleventh; a repeated one counts once.
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Result<Self, TagsError> {
        let mut distinct: Vec<Tag> = Vec::new();
        for tag in tags {
            if distinct.contains(&tag) {
                continue;
            }
            if distinct.len() == Self::MAX {
                return Err(TagsError::TooMany { max: Self::MAX });
            }
            distinct.push(tag);
        }
        Ok(Self(distinct))
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }
}

impl Channel {
    /// Makes a channel.
    pub fn create(new: NewChannel, now: Timestamp) -> Decision<Self> {
        let NewChannel {
            id,
            owner,
            handle,
            title,
        } = new;
        let event = ChannelEvent::Created {
            channel: id,
            owner,
            handle: handle.clone(),
        };
        let channel = Self {
            id,
            owner,
            handle,
            title,
            description: Description(String::new()),
            category: None,
            language: None,
            tags: Tags::default(),
            cover: None,
            gate: IngestGate::Open,
            created_at: now,
        };
        Decision::changed(channel, event)
    }

    /// Changes what is given.
    pub fn edit(self, edit: ChannelEdit) -> Decision<Self> {
        let next = Self {
            title: edit.title.unwrap_or_else(|| self.title.clone()),
            description: edit.description.unwrap_or_else(|| self.description.clone()),
            category: edit.category.unwrap_or_else(|| self.category.clone()),
            language: edit.language.unwrap_or_else(|| self.language.clone()),
            tags: edit.tags.unwrap_or_else(|| self.tags.clone()),
            ..self.clone()
        };
        if next == self {
            return Decision::unchanged(self);
        }
        let event = ChannelEvent::Edited {
            channel: next.id,
            title: next.title.clone(),
            category: next.category.clone(),
        };
        Decision::changed(next, event)
    }

    /// Shows another cover, or none.
    pub fn show_cover(self, cover: Option<PictureId>) -> Decision<Self> {
        if self.cover == cover {
            return Decision::unchanged(self);
        }
        let event = ChannelEvent::CoverChanged {
            channel: self.id,
            cover,
            before: self.cover,
        };
        Decision::changed(Self { cover, ..self }, event)
    }

    /// Whether an encoder with this key may come in now.
    pub fn admit(&self, key: StreamKeyId, now: Timestamp) -> Result<(), ChannelError> {
        match self.gate {
            IngestGate::Locked { .. } => Err(ChannelError::Locked),
            IngestGate::Held { key: held, until } if held == key && now < until => {
                Err(ChannelError::Held { until })
            }
            IngestGate::Open | IngestGate::Held { .. } => Ok(()),
        }
    }

    /// The owner ended the stream that this key published.
    #[must_use]
    pub fn hold(self, key: StreamKeyId, now: Timestamp) -> Self {
        match self.gate {
            IngestGate::Locked { .. } => self,
            _ => Self {
                gate: IngestGate::Held {
                    key,
                    until: now + OWNER_HOLD,
                },
                ..self
            },
        }
    }

    /// The owner starts again: what held their key is over. An administrator's lock is not.
    pub fn reopen(self) -> Result<Self, ChannelError> {
        match self.gate {
            IngestGate::Locked { .. } => Err(ChannelError::Locked),
            _ => Ok(Self {
                gate: IngestGate::Open,
                ..self
            }),
        }
    }

    /// An administrator shuts encoders out.
    pub fn lock(self, now: Timestamp) -> Decision<Self> {
        match self.gate {
            IngestGate::Locked { .. } => Decision::unchanged(self),
            _ => {
                let event = ChannelEvent::IngestLocked { channel: self.id };
                Decision::changed(
                    Self {
                        gate: IngestGate::Locked { since: now },
                        ..self
                    },
                    event,
                )
            }
        }
    }

    /// An administrator lets them in again.
    pub fn unlock(self) -> Decision<Self> {
        match self.gate {
            IngestGate::Locked { .. } => {
                let event = ChannelEvent::IngestUnlocked { channel: self.id };
                Decision::changed(
                    Self {
                        gate: IngestGate::Open,
                        ..self
                    },
                    event,
                )
            }
            _ => Decision::unchanged(self),
        }
    }
}

fn one_line(text: &str, max: usize) -> Result<String, TextError> {
    match free_text(text, max)? {
        text if text.is_empty() => Err(TextError::Empty),
        text if text.contains('\n') => Err(TextError::Forbidden {
            allowed: "it must stand on one line",
        }),
        text => Ok(text),
    }
}

fn language(text: &str) -> Result<String, TextError> {
    let shaped = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let mut parts = text.split('-');
    let primary = parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphabetic()));
    if primary && text.len() <= 35 && parts.all(shaped) {
        Ok(text.to_owned())
    } else {
        Err(TextError::Forbidden {
            allowed: "it must be a language tag such as 'en' or 'pt-BR'",
        })
    }
}
