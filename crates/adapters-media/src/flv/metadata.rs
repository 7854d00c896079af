//! Script data: the encoder's `onMetaData`.

use crate::rtmp::amf0::{Reader, Value};

/// The longest name of an encoder that is kept, in characters.
const MAX_ENCODER: usize = 64;

/// What an encoder says of itself and its stream. Hints only: the decoder
/// configurations are the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// In pixels.
    pub width: Option<u16>,
    /// In pixels.
    pub height: Option<u16>,
    /// In frames a second, between 1 and 1000.
    pub frame_rate: Option<f32>,
    /// The encoder's name, cut at 64 characters, without control characters.
    pub encoder: Option<String>,
}

impl Metadata {
    /// Reads a data message: `@setDataFrame`, `onMetaData` and the properties.
    /// `None` for other data, and for what is not AMF0: hints are not worth an
    /// error.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let mut name = reader.value().ok()?;
        if name == Value::String(b"@setDataFrame") {
            name = reader.value().ok()?;
        }
        if name != Value::String(b"onMetaData") {
            return None;
        }
        let mut metadata = Self::default();
        for (key, value) in reader.value().ok()?.as_object()?.iter() {
            match key {
                b"width" => metadata.width = pixels(value),
                b"height" => metadata.height = pixels(value),
                b"framerate" => metadata.frame_rate = frame_rate(value),
                b"encoder" => metadata.encoder = encoder(value),
                _ => {}
            }
        }
        Some(metadata)
    }
}

fn pixels(value: Value<'_>) -> Option<u16> {
    let number = value.as_number()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the range of u16"
    )]
    (1.0..=65_535.0).contains(&number).then_some(number as u16)
}

fn frame_rate(value: Value<'_>) -> Option<f32> {
    let number = value.as_number()?;
    #[expect(clippy::cast_possible_truncation, reason = "between 1 and 1000")]
    (1.0..=1000.0).contains(&number).then_some(number as f32)
}

fn encoder(value: Value<'_>) -> Option<String> {
    let name: String = value
        .as_str()?
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_ENCODER)
        .collect();
    (!name.is_empty()).then_some(name)
}
