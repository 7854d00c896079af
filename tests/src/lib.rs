//! Fixtures for the end-to-end tests and the benchmarks: real encoders, players,
//! browsers and chat clients as child processes.
//!
//! Each fixture ends with its owner: dropping it kills the process and removes its
//! files. A fixture that can't be set up panics with what is missing, as the test
//! that asked for it can't go on. `scripts/install-test-tools` brings the programs.
#![expect(
    clippy::missing_panics_doc,
    reason = "a fixture that can't be set up fails its test, all of them do"
)]

pub mod api;
pub mod chat;
pub mod cluster;
pub mod commands;
pub mod ffmpeg;
pub mod livekit;
pub mod node;
pub mod player;
pub mod ports;
pub mod probe;
pub mod rtmp;
pub mod server;
pub mod tls;
pub mod tools;
pub mod wait;

mod child;
