//! The engine on LiveKit's stand-in.

mod contract;
mod nodes;
mod outages;
mod recording;
mod rooms;
mod support;
