//! What is shown of the windows, and at which address.

use super::{Changed, KEPT, LONGEST_GROUP, Packager, SHORTEST_TARGET};
use crate::cmaf::Segment;
use crate::cmaf::rendition::Rendition;
use crate::frame::TrackKind;
use crate::hls;
use bytes::Bytes;

impl Packager {
    /// Gives the target duration as soon as every rendition has a whole segment.
    pub(super) fn publish(&mut self) {
        if self.target.is_some() {
            return;
        }
        let mut longest = 0.0_f64;
        if let Some(era) = &mut self.era
            && era.video.is_some()
            && era.audio.as_ref().is_some_and(|track| !track.heard)
            && self
                .video
                .as_ref()
                .is_some_and(|video| video.segments.len() > 2)
        {
            // Announced, but never sent.
            era.audio = None;
            self.audio = None;
        }
        for rendition in self.video.iter().chain(&self.audio) {
            let mut whole = rendition
                .segments
                .iter()
                .filter(|segment| segment.closed)
                .peekable();
            if whole.peek().is_none() {
                return;
            }
            longest = whole.map(Segment::seconds).fold(longest, f64::max);
        }
        // EXTINF is rounded to the nearest second: 2.002 s fits a target of 2.
        let target =
            (SHORTEST_TARGET..LONGEST_GROUP).find(|target| longest <= f64::from(*target) + 0.05);
        let target = target.unwrap_or(LONGEST_GROUP);
        // A group that is longer than those before has to be whole first.
        let room = f64::from(target) - 0.5;
        let mut open = self
            .video
            .iter()
            .chain(&self.audio)
            .filter_map(Rendition::open_segment);
        if open.any(|segment| segment.seconds() > room) {
            return;
        }
        self.retired.remove(&(target, true));
        self.retired.remove(&(target, false));
        self.target = Some(target);
        for rendition in [&mut self.video, &mut self.audio].into_iter().flatten() {
            // To be rendered anew, with this target.
            rendition.playlist = Bytes::new();
        }
    }

    /// A group outgrew the target duration: this address ends, the next one begins at the end of
    /// the group.
    pub(super) fn retire(&mut self) {
        let Some(target) = self.target.take() else {
            return;
        };
        for (video, rendition) in [(true, &self.video), (false, &self.audio)] {
            if let Some(rendition) = rendition {
                let playlist = hls::media_playlist(rendition, None, target, true);
                self.retired.insert((target, video), playlist);
            }
        }
    }

    pub(super) fn trim(&mut self) {
        let mut kept = KEPT;
        loop {
            let first = self.next.saturating_sub(kept as u64 + 1);
            for rendition in [&mut self.video, &mut self.audio].into_iter().flatten() {
                rendition.trim(first);
            }
            let bytes: usize = self
                .video
                .iter()
                .chain(&self.audio)
                .map(Rendition::bytes)
                .sum();
            if bytes <= self.limits.window_bytes || kept <= 1 {
                break;
            }
            kept -= 1;
        }
        for slot in [&mut self.video, &mut self.audio] {
            // A track that has been away for the whole window.
            let gone = |rendition: &Rendition| {
                !rendition.segments.is_empty() && rendition.segments.iter().all(Segment::is_gap)
            };
            if slot.as_ref().is_some_and(gone) {
                *slot = None;
            }
        }
        if let Some(rendition) = self.video.as_ref().or(self.audio.as_ref()) {
            self.discontinuity_sequence = rendition.discontinuity_sequence;
        }
    }

    pub(super) fn render(&mut self, mut changed: Changed) -> Changed {
        if let Some(target) = self.target {
            let ended = self.ended;
            let fresh = |rendition: &Option<Rendition>| {
                rendition.as_ref().is_some_and(|it| it.playlist.is_empty())
            };
            changed.video |= fresh(&self.video);
            changed.audio |= fresh(&self.audio);
            if let Some(rendition) = self.video.as_mut().filter(|_| changed.video) {
                rendition.playlist =
                    hls::media_playlist(rendition, self.audio.as_ref(), target, ended);
            }
            if let Some(rendition) = self.audio.as_mut().filter(|_| changed.audio) {
                rendition.playlist =
                    hls::media_playlist(rendition, self.video.as_ref(), target, ended);
            }
        }
        changed
    }

    /// The media playlist at the address of `target`, rendered once for everybody.
    pub fn playlist(&self, track: TrackKind, target: u32) -> Option<Bytes> {
        let current = self.target.unwrap_or(u32::MAX);
        if target < current || target > LONGEST_GROUP {
            return self
                .retired
                .get(&(target, track == TrackKind::Video))
                .cloned();
        }
        let playlist = &self.rendition(track)?.playlist;
        if playlist.is_empty() {
            return None;
        }
        Some(if target == current {
            playlist.clone()
        } else {
            // A player that began with longer groups, before a restart of the server: all
            // segments fit its address too.
            hls::with_target(playlist, current, target)
        })
    }
}
