//! REST as clients see it: a real server over stores in memory.

mod attacks;
mod bad_input;
mod chat;
mod document;
mod flow;
mod moderating;
mod once;
mod ops;
mod pictures;
mod playback;
mod recording;
mod social;
mod support;
