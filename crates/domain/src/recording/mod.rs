//! Recordings: what was kept of a stream.

mod entity;
mod error;
mod event;
mod port;

pub use entity::{
    FileFormat, RecordedFile, Recording, RecordingFailure, RecordingProgress, RecordingRules,
    RecordingState,
};
pub use error::RecordingError;
pub use event::{RecordingChange, RecordingEvent};
#[cfg(feature = "mocks")]
pub use port::{MockRecorder, MockRecordings};
pub use port::{Recorder, RecorderError, RecordingOrder, Recordings};
