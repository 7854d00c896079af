//! The store against a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod contract;
mod faults;
mod nodes;
mod plans;
mod restart;
mod schema;
mod social;
mod statements;
mod support;
mod wire;
