//! The client is `client.mjs`; the test of this crate starts it beside a platform in memory.
