//! Pictures that people upload: what they send is never shown as it came.

use async_trait::async_trait;
use bytes::Bytes;

use crate::shared::id::PictureId;
use crate::shared::object::ObjectKey;

/// Makes pictures of what people send.
///
/// Promises: what it gives is a JPEG (ITU-T T.81) of its own making, upright, without
/// anything of the upload but its pixels; however the upload is made, it takes bounded memory
/// and never blocks the runtime, and few are worked on at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Pictures: Send + Sync {
    /// Makes one of a PNG, JPEG or WebP.
    async fn render(&self, upload: Bytes, usage: PictureUse) -> Result<Bytes, PictureError>;
}

/// What a picture is for: says how large it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureUse {
    /// Beside a name: 256 by 256 pixels, cut from the middle.
    Avatar,
    /// Of a channel: at most 1280 pixels wide and as many high; smaller ones stay so.
    Cover,
}

impl PictureUse {
    /// The longest side that it may have, in pixels.
    pub const fn longest_side(self) -> u32 {
        match self {
            Self::Avatar => 256,
            Self::Cover => 1280,
        }
    }
}

/// The largest upload, in bytes.
pub const MAX_UPLOAD: usize = 2 * 1024 * 1024;

/// The most pixels that an upload may unpack to.
pub const MAX_PIXELS: u64 = 20_000_000;

/// No picture was made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It is none of the formats.
    #[error("a PNG, JPEG or WebP is expected")]
    UnknownFormat,
    /// It is broken, or cut off.
    #[error("the picture is broken")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It unpacks to more than is taken.
    #[error("the picture has more than {} million pixels, or takes too much memory", MAX_PIXELS / 1_000_000)]
    TooLarge,
    /// Too many at once; try again in a moment.
    #[error("too many pictures are being worked on")]
    Busy,
    /// It could not be made, whatever the upload.
    #[error("the picture cannot be made")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PictureId {
    /// Where the picture is kept.
    pub fn key(self) -> ObjectKey {
        ObjectKey::known(format!("pictures/{self}.jpg"))
    }
}
