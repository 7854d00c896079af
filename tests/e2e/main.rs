//! End to end: the binary as people run it, with real encoders, players and clients.

mod fixtures;
mod publish;
