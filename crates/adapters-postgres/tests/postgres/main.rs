//! The store against a real PostgreSQL, one cluster for all.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod contract;
mod support;
