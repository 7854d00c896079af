//! The engine on LiveKit's stand-in.

mod contract;
mod recording;
mod rooms;
mod support;
