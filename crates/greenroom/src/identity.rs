//! Who signs in how, by configuration.

use std::sync::Arc;

use async_trait::async_trait;
use greenroom_adapters_identity::password::{Argon2Passwords, Cost, Load};
use greenroom_adapters_identity::secret_box::{MasterKey, SealedBox};
use greenroom_adapters_identity::token::{
    ClaimNames, HostKeys, HostSecret, HostTokens, HostTokensConfig,
};
use greenroom_domain::account::{Passwords, TokenError, TokenVerifier, VerifiedToken};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::secret::SecretBox;

use crate::config::Host;
use crate::{Config, ConfigError, OpenError, StoreKind};

pub(crate) fn passwords() -> Result<Arc<dyn Passwords>, OpenError> {
    Ok(Arc::new(
        Argon2Passwords::new(Cost::OWASP, Load::default()).map_err(OpenError::Passwords)?,
    ))
}

/// The configuration's master key, where it has one.
pub(crate) fn configured_key(config: &Config) -> Result<Option<MasterKey>, ConfigError> {
    match config.secrets.master_key.as_str() {
        "" => Ok(None),
        key => MasterKey::parse(key)
            .map(Some)
            .map_err(|error| ConfigError::Value {
                key: "secrets.master_key",
                problem: error.to_string(),
            }),
    }
}

/// The configured master key, or the data folder's, made where the store is empty.
pub(crate) fn master_key(
    config: &Config,
    configured: Option<MasterKey>,
    store_is_empty: bool,
) -> Result<MasterKey, OpenError> {
    match (configured, config.store) {
        (Some(key), _) => Ok(key),
        (None, StoreKind::Sled | StoreKind::Postgres) => {
            MasterKey::load_or_create(&config.data_dir, store_is_empty)
                .map_err(OpenError::MasterKey)
        }
        (None, StoreKind::Memory) => Ok(MasterKey::generate()),
    }
}

/// Seals under this key.
pub(crate) fn secrets(key: &MasterKey) -> Arc<dyn SecretBox> {
    Arc::new(SealedBox::new(key))
}

/// The host platform's tokens, where there is one.
pub(crate) fn tokens(host: &Host) -> Result<Arc<dyn TokenVerifier>, OpenError> {
    if host.issuer.is_empty() {
        return Ok(Arc::new(NoHostPlatform));
    }
    let rule = |key: &'static str, text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|error| ConfigError::Value {
            key,
            problem: format!("{error}"),
        }),
    };
    let claims = ClaimNames {
        admin: rule("host.admin_claim", &host.admin_claim)?,
        creator: rule("host.creator_claim", &host.creator_claim)?,
        name: host.name_claim.clone(),
    };
    let given = [
        !host.secrets.is_empty(),
        !host.jwks_url.is_empty(),
        !host.jwks_file.is_empty(),
    ];
    let keys = match given {
        [true, false, false] => {
            let secrets = host
                .secrets
                .iter()
                .map(|secret| HostSecret::new(secret.as_bytes()));
            HostKeys::Secrets(secrets.collect::<Result<_, _>>().map_err(OpenError::Host)?)
        }
        [false, true, false] => HostKeys::JwksUrl {
            url: host.jwks_url.clone(),
            allow_plain_http: false,
        },
        [false, false, true] => HostKeys::JwksFile(host.jwks_file.clone().into()),
        _ => {
            let problem = "give one of host.secrets, host.jwks_url and host.jwks_file".to_owned();
            return Err(ConfigError::Value {
                key: "host",
                problem,
            }
            .into());
        }
    };
    let config = HostTokensConfig {
        issuer: host.issuer.clone(),
        audience: host.audience.clone(),
        keys,
        leeway: HostTokensConfig::LEEWAY,
        claims,
    };
    Ok(Arc::new(HostTokens::new(config).map_err(OpenError::Host)?))
}

/// There is no host platform: local accounts only.
pub(crate) struct NoHostPlatform;

#[async_trait]
impl TokenVerifier for NoHostPlatform {
    async fn verify(&self, _token: &str, _now: Timestamp) -> Result<VerifiedToken, TokenError> {
        Err(TokenError::NotConfigured)
    }
}
