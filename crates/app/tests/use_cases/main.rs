//! The use cases over stores in memory: what somebody who asks sees.

mod account;
mod audience;
mod channel;
mod chat;
mod commands;
mod delay;
mod delay_property;
mod effects;
mod full;
mod hub;
mod moderation;
mod nodes;
mod notifications;
mod once;
mod pins;
mod playback;
mod property;
mod publish;
mod recordings;
mod roles;
mod slices;
mod social;
mod support;
mod typing;
