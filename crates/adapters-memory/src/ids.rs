//! The machine's randomness.

use greenroom_domain::shared::id::Ids;
use uuid::Uuid;

/// Gives UUIDs of version 7 (RFC 9562) and secrets from the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter of the port `Ids`"
    )]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// # Panics
    /// When the operating system has no randomness: no secret can be made then, and a weak
    /// one is worse than none.
    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system gives randomness");
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_secrets_differ() {
        let first = SystemIds.uuid();
        assert_eq!(first.get_version_num(), 7);
        assert!(SystemIds.uuid() > first);
        assert_ne!(SystemIds.secret(), SystemIds.secret());
    }
}
