//! Greenroom on a real LiveKit server: browsers publish and watch, real webhooks drive the
//! streams.

#[path = "livekit/contract.rs"]
mod contract;
#[path = "livekit/flow.rs"]
mod flow;
#[path = "livekit/services.rs"]
mod services;
#[path = "livekit/stage.rs"]
mod stage;
