//! End to end: the binary as people run it, with real encoders, players and clients.

mod accounts;
mod cli;
mod fixtures;
mod playback;
mod publish;
