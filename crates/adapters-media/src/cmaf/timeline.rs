//! From an encoder's milliseconds to decode times on the wall clock.
//!
//! Decode times are the time since the Unix epoch in ticks of the track. They are anchored when
//! an era starts (first frames, a reconnect, an encoder whose timestamps jump) and then follow
//! the encoder's own clock, so that they never go back, also over a server's restart.

/// Where an encoder's clock meets the wall clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    /// Milliseconds since the Unix epoch.
    pub(super) wall: i64,
    /// The encoder's presentation time at that moment, in milliseconds.
    pub(super) media: i64,
}

impl Anchor {
    /// The wall-clock milliseconds of an encoder's time; never before the Unix epoch.
    pub(super) fn wall(&self, media: i64) -> i64 {
        self.wall
            .saturating_add(media.saturating_sub(self.media))
            .max(0)
    }

    /// The same in ticks.
    pub(super) fn ticks(&self, media: i64, timescale: u32) -> u64 {
        to_ticks(self.wall(media), timescale)
    }
}

/// Milliseconds since the epoch in ticks, rounded down; a time before the epoch is the epoch.
pub(super) fn to_ticks(millis: i64, timescale: u32) -> u64 {
    let ticks = i128::from(millis.max(0)) * i128::from(timescale) / 1000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Ticks as milliseconds, rounded down.
pub(super) fn to_millis(ticks: u64, timescale: u32) -> i64 {
    let millis = u128::from(ticks) * 1000 / u128::from(timescale.max(1));
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// Tells an encoder's jump from the ordinary unevenness of its timestamps.
#[derive(Debug, Default)]
pub(super) struct JumpDetector {
    latest: Option<i64>,
    video: Option<i64>,
    audio: Option<i64>,
}

/// A frame further ahead than this of everything before it starts a new era.
const FORWARD: i64 = 5_000;
/// So does one that is this far behind its own track.
const BACKWARD: i64 = 500;
/// And one this far behind the other track: sound and picture are never that far apart.
const BEHIND: i64 = 3_000;

impl JumpDetector {
    /// Takes note of a frame's decode time and says whether the encoder's clock jumped.
    pub(super) fn jumped(&mut self, video: bool, dts: i64) -> bool {
        let own = if video {
            &mut self.video
        } else {
            &mut self.audio
        };
        let jumped = own.is_some_and(|last| dts < last.saturating_sub(BACKWARD))
            || self.latest.is_some_and(|latest| {
                dts > latest.saturating_add(FORWARD) || dts < latest.saturating_sub(BEHIND)
            });
        *own = Some(dts);
        self.latest = Some(self.latest.map_or(dts, |latest| latest.max(dts)));
        jumped
    }

    /// How far a frame is ahead of the pictures, in milliseconds.
    pub(super) fn ahead_of_video(&self, dts: i64) -> i64 {
        self.video.map_or(0, |video| dts.saturating_sub(video))
    }
}

/// Counts sound by its samples: containers round its times to milliseconds, which would jitter.
#[derive(Debug)]
pub(super) struct AudioClock {
    next: Option<u64>,
    tolerance: u64,
}

impl AudioClock {
    pub(super) fn new(sample_rate: u32) -> Self {
        Self {
            next: None,
            tolerance: u64::from(sample_rate / 10),
        }
    }

    /// The decode time of a frame of `step` ticks that says it is at `ticks`; `None` when the sound has run so
    /// far ahead of its timestamps that this frame must go. Nothing is placed before `earliest`:
    /// what lay there was closed without sound, so its time says where it belongs.
    pub(super) fn place(&mut self, ticks: u64, step: u64, earliest: u64) -> Option<u64> {
        let at = match self.next {
            Some(next) if next > ticks.saturating_add(self.tolerance) => return None,
            Some(next) if next.saturating_add(self.tolerance) >= ticks && next >= earliest => next,
            _ => ticks.max(earliest),
        };
        self.next = Some(at.saturating_add(step));
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_counted_through_millisecond_jitter() {
        let mut clock = AudioClock::new(44_100);
        for n in 0..10_000_u64 {
            let millis = i64::try_from(n * 1024 * 1000 / 44_100).expect("small");
            assert_eq!(
                clock.place(to_ticks(millis, 44_100), 1024, 0),
                Some(n * 1024)
            );
        }
    }

    #[test]
    fn a_gap_of_sound_moves_the_count_and_a_surplus_drops_a_frame() {
        let mut clock = AudioClock::new(48_000);
        assert_eq!(clock.place(0, 1024, 0), Some(0));
        assert_eq!(clock.place(48_000, 1024, 0), Some(48_000));
        assert_eq!(clock.place(48_000 - 4_000, 1024, 0), None);
        assert_eq!(clock.place(49_024, 1024, 0), Some(49_024));
    }

    #[test]
    fn jumps_are_told_from_jitter() {
        let mut jumps = JumpDetector::default();
        assert!(!jumps.jumped(true, 10_000));
        assert!(!jumps.jumped(false, 9_000));
        assert!(!jumps.jumped(true, 9_990));
        assert!(!jumps.jumped(true, 14_000));
        assert!(jumps.jumped(false, 0));
        let mut jumps = JumpDetector::default();
        assert!(!jumps.jumped(true, 0));
        assert!(jumps.jumped(true, 5_001));
    }

    #[test]
    fn the_epoch_is_the_earliest_time_and_nothing_overflows() {
        let anchor = Anchor {
            wall: 1000,
            media: 0,
        };
        assert_eq!(anchor.ticks(i64::MIN, 90_000), 0);
        assert_eq!(anchor.ticks(i64::MAX, u32::MAX), u64::MAX);
        assert_eq!(to_millis(90_045, 90_000), 1000);
    }
}
