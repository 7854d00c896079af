use std::sync::OnceLock;

use greenroom_domain::chat::{Ephemeral, Line};
use greenroom_domain::shared::id::{ChannelId, StreamId};

/// Something that everybody in a room is shown, encoded once for each wire format however
/// many are listening.
pub struct Published {
    /// Whose room.
    pub room: ChannelId,
    /// The stream that it belongs to, if one was on air: where a line stands in the log, however
    /// late it is shown; for anything else now.
    pub stream: Option<StreamId>,
    /// What.
    pub shown: Shown,
    encoded: [OnceLock<Encoded>; WireFormat::COUNT],
}

type Encoded = std::sync::Arc<dyn std::any::Any + Send + Sync>;

/// What everybody in a room is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A line of the log: never lost, never out of order.
    Line(Line),
    /// Something that is worth nothing a moment later.
    Ephemeral(Ephemeral),
}

/// A way to write it on the wire: a small number that each transport has its own of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireFormat(usize);

impl WireFormat {
    /// How many there can be.
    pub const COUNT: usize = 4;

    /// The format of this number.
    ///
    /// # Panics
    /// On a number too large; where it is const, that does not compile.
    pub const fn new(number: usize) -> Self {
        assert!(number < Self::COUNT, "there are not so many wire formats");
        Self(number)
    }
}

impl Published {
    /// A line.
    pub fn line(room: ChannelId, stream: Option<StreamId>, line: Line) -> Self {
        Self {
            room,
            stream,
            shown: Shown::Line(line),
            encoded: Default::default(),
        }
    }

    /// Something that may be dropped.
    pub fn ephemeral(room: ChannelId, stream: Option<StreamId>, what: Ephemeral) -> Self {
        Self {
            room,
            stream,
            shown: Shown::Ephemeral(what),
            encoded: Default::default(),
        }
    }

    /// What a transport makes of it: made on first use, shared by all that ask after.
    ///
    /// Each format has one `E`; asking for a format with another type makes it anew each time.
    pub fn encoded<E: Clone + Send + Sync + 'static>(
        &self,
        format: WireFormat,
        encode: impl Fn(&Self) -> E,
    ) -> E {
        let slot = self.encoded[format.0].get_or_init(|| std::sync::Arc::new(encode(self)));
        slot.downcast_ref::<E>()
            .cloned()
            .unwrap_or_else(|| encode(self))
    }
}
