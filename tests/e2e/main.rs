//! End to end: the binary as people run it, with real encoders, players and clients.

mod accounts;
mod archive;
mod attacks;
mod bad_input;
mod chat;
mod cli;
mod client;
mod codecs;
mod database;
mod dialect_events;
mod dialects;
mod fixtures;
mod interruption;
mod kills;
mod nodes;
mod pictures;
mod playback;
mod publish;
mod restart;
mod schema;
mod serve;
mod soak;
mod tls;
