//! Streams: start, end, watch, and what the media engine asks and tells.

pub mod audience;
pub mod create;
pub mod credentials;
pub mod end;
mod grant;
pub mod ingest;
pub mod join;
pub mod listing;
pub mod playback;
pub mod start;
pub mod sweep;
pub mod taste;
pub mod view;
