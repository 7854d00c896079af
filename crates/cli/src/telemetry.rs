//! Logs.

use std::io::IsTerminal as _;

use greenroom::{Config, LogFormat};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Logs to standard error as the configuration says.
pub(crate) fn init(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| format!("configuration key 'log.filter': {error}"))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
