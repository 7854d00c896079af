//! The bot is `bot.mjs`; the test of this crate starts it beside a platform in memory.
