//! Who somebody is, and what only the server may read: passwords (Argon2id), the host
//! platform's tokens (JWT, JWKS) and secrets at rest, sealed under the master key.

pub mod password;
pub mod secret_box;
pub mod token;
