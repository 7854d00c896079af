//! What all dialects share.
