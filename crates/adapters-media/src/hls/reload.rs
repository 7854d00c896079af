//! Blocking playlist reload (draft-pantos-hls-rfc8216bis §6.2.5.2).

use crate::cmaf::Position;

/// What a client says it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// `_HLS_msn`: the media sequence number.
    pub number: u64,
    /// `_HLS_part`: the part of it; without, the whole segment.
    pub part: Option<u64>,
}

/// A request that no playlist of ours leads to: 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReloadError {
    /// Not a number, or a part without its segment.
    #[error("a delivery directive is malformed")]
    Malformed,
    /// More than two segments ahead.
    #[error("the requested media sequence number is too far ahead")]
    TooFarAhead,
}

impl Reload {
    /// From the two query parameters' values.
    pub fn parse(number: Option<&str>, part: Option<&str>) -> Result<Option<Self>, ReloadError> {
        let parse = |text: &str| super::name::number(text).ok_or(ReloadError::Malformed);
        match (number, part) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(ReloadError::Malformed),
            (Some(number), part) => Ok(Some(Self {
                number: parse(number)?,
                part: part.map(parse).transpose()?,
            })),
        }
    }

    /// Whether a rendition that stands at `position` answers this now.
    pub(crate) fn is_answered(self, position: Position) -> Result<bool, ReloadError> {
        if self.number > position.number.saturating_add(2) {
            return Err(ReloadError::TooFarAhead);
        }
        if self.number != position.number {
            return Ok(position.number > self.number);
        }
        Ok(position.closed || self.part.is_some_and(|part| position.parts as u64 > part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_parsed_strictly() {
        assert_eq!(Reload::parse(None, None), Ok(None));
        assert_eq!(Reload::parse(None, Some("1")), Err(ReloadError::Malformed));
        assert_eq!(Reload::parse(Some("-1"), None), Err(ReloadError::Malformed));
        assert_eq!(
            Reload::parse(Some("7"), Some("x")),
            Err(ReloadError::Malformed)
        );
        assert_eq!(
            Reload::parse(Some("7"), Some("2")),
            Ok(Some(Reload {
                number: 7,
                part: Some(2)
            }))
        );
    }

    #[test]
    fn a_reload_waits_for_its_part_and_no_further_than_two_segments() {
        let at = Position {
            number: 10,
            parts: 3,
            closed: false,
        };
        let ask = |number, part| Reload { number, part }.is_answered(at);
        assert_eq!(ask(9, None), Ok(true));
        assert_eq!(ask(10, Some(2)), Ok(true));
        assert_eq!(ask(10, Some(3)), Ok(false));
        assert_eq!(ask(10, None), Ok(false));
        assert_eq!(ask(12, Some(0)), Ok(false));
        assert_eq!(ask(13, None), Err(ReloadError::TooFarAhead));
    }
}
