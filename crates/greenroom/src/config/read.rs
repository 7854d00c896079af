//! Where the configuration comes from: defaults, a file, the environment, the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Serialize;

use super::{Config, REFERENCE};

/// What was given on the command line; `None` leaves a key as it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Flags {
    /// `--data-dir`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// `--public-url`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// `--http`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Address>,
    /// `--rtmp`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtmp: Option<Address>,
}

/// An address given on the command line.
#[derive(Debug, Clone, Serialize)]
pub struct Address {
    /// To listen on.
    pub address: SocketAddr,
}

/// The configuration is wrong; nothing has been started.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key is unknown, missing or of the wrong kind.
    #[error("{}", describe(.0))]
    Wrong(Box<figment::Error>),
    /// A value cannot be used.
    #[error("configuration key '{key}': {problem}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The file that was asked for is not there.
    #[error("the configuration file {} does not exist", .0.display())]
    NoFile(PathBuf),
}

impl Config {
    /// Reads it: defaults, then the file, then the environment, then flags.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, ConfigError> {
        if let Some(missing) = file.filter(|file| !file.is_file()) {
            return Err(ConfigError::NoFile(missing.to_owned()));
        }
        let wrong = |error: figment::Error| ConfigError::Wrong(Box::new(error));
        let defaults = Figment::from(Toml::string(REFERENCE));
        let environment = Env::prefixed("GREENROOM_").split("__");
        let found = match file {
            Some(file) => Some(file.to_owned()),
            None => {
                let data_dir: PathBuf = defaults
                    .clone()
                    .merge(environment.clone())
                    .merge(Serialized::defaults(flags))
                    .extract_inner("data_dir")
                    .map_err(wrong)?;
                Some(data_dir.join("greenroom.toml")).filter(|file| file.is_file())
            }
        };
        let figment = match found {
            Some(file) => defaults.merge(Toml::file_exact(file)),
            None => defaults,
        };
        let config: Self = figment
            .merge(environment)
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(wrong)?;
        config.check()?;
        Ok(config)
    }

    /// The defaults alone.
    ///
    /// # Panics
    /// Never: the reference is a whole configuration, which a test holds it to.
    pub fn defaults() -> Self {
        Figment::from(Toml::string(REFERENCE))
            .extract()
            .expect("the reference is a whole configuration, as tested")
    }
}

fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let from = error.metadata.as_ref().map(|metadata| {
        let file = metadata.source.as_ref().and_then(|from| from.file_path());
        file.map_or_else(
            || format!(" ({})", metadata.name),
            |file| format!(" ({})", file.display()),
        )
    });
    let from = from.unwrap_or_default();
    if key.is_empty() {
        format!("configuration: {}{from}", error.kind)
    } else {
        format!("configuration key '{key}': {}{from}", error.kind)
    }
}
