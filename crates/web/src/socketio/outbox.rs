//! What waits to be sent to one client.

use std::collections::VecDeque;

use bytes::Bytes;

/// Whether a packet may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Never dropped: a client whose queue has no room for it is closed, and comes back for it.
    Durable,
    /// Reactions, counts, typing: dropped while the queue is more than half full.
    Ephemeral,
}

/// A bounded queue of frames, shared bytes each.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

/// The limits of an [`Outbox`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    Dropped,
    Overflow,
}

/// A queue that held a burst gives its memory back when it is empty again.
const KEPT_CAPACITY: usize = 16;

impl Outbox {
    pub(crate) fn push(&mut self, frame: Bytes, class: Class, room: Room) -> Pushed {
        let fits = |part: usize| {
            self.frames.len() < room.frames / part && self.bytes + frame.len() <= room.bytes / part
        };
        match class {
            Class::Durable if !fits(1) => return Pushed::Overflow,
            Class::Ephemeral if !fits(2) => return Pushed::Dropped,
            _ => {}
        }
        self.force(frame);
        Pushed::Queued
    }

    /// For the protocol's own few packets, which are bounded by what causes them.
    pub(crate) fn force(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Moves the first frames to `batch`.
    pub(crate) fn take(&mut self, batch: &mut VecDeque<Bytes>, room: Room) {
        let mut bytes = 0;
        while batch.len() < room.frames && bytes < room.bytes {
            let Some(frame) = self.frames.pop_front() else {
                break;
            };
            bytes += frame.len();
            self.bytes -= frame.len();
            batch.push_back(frame);
        }
        self.trim();
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.trim();
    }

    pub(crate) fn append(&mut self, other: &mut Self) {
        self.bytes += std::mem::take(&mut other.bytes);
        self.frames.append(&mut other.frames);
        other.trim();
    }

    /// Whether the half that may wait has room.
    pub(crate) fn is_low(&self, room: Room) -> bool {
        self.frames.len() < room.frames / 2 && self.bytes < room.bytes / 2
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    fn trim(&mut self) {
        if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ephemera_stop_at_half_and_durable_frames_at_the_limit() {
        let room = Room {
            frames: 8,
            bytes: 1000,
        };
        let mut outbox = Outbox::default();
        let frame = Bytes::from_static(b"x");
        for _ in 0..4 {
            assert_eq!(
                outbox.push(frame.clone(), Class::Ephemeral, room),
                Pushed::Queued
            );
        }
        assert_eq!(
            outbox.push(frame.clone(), Class::Ephemeral, room),
            Pushed::Dropped
        );
        for _ in 0..4 {
            assert_eq!(
                outbox.push(frame.clone(), Class::Durable, room),
                Pushed::Queued
            );
        }
        assert_eq!(outbox.push(frame, Class::Durable, room), Pushed::Overflow);
        let large = Bytes::from(vec![0; 1001]);
        assert_eq!(
            Outbox::default().push(large, Class::Durable, room),
            Pushed::Overflow
        );
    }

    #[test]
    fn frames_leave_in_order_and_the_memory_with_them() {
        let room = Room {
            frames: 1000,
            bytes: 100_000,
        };
        let mut outbox = Outbox::default();
        for n in 0..100_u8 {
            outbox.push(Bytes::from(vec![n]), Class::Durable, room);
        }
        let mut read = Vec::new();
        while !outbox.is_empty() {
            let mut batch = VecDeque::new();
            outbox.take(
                &mut batch,
                Room {
                    frames: 64,
                    bytes: 100,
                },
            );
            read.extend(batch.iter().map(|frame| frame[0]));
        }
        assert_eq!(read, (0..100).collect::<Vec<_>>());
        assert_eq!((outbox.bytes, outbox.frames.capacity()), (0, 0));
    }
}
