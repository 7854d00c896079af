//! Configuration: the defaults, a file, the environment, the flags; in this order.

mod check;
mod livekit;
mod read;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use greenroom_app::{Registration, Settings};
use greenroom_domain::account::CreatorApproval;
use greenroom_domain::stream::StreamRules;
use greenroom_web::Dialect;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::engine::MediaKind;

pub use livekit::{BucketConfig, LiveKitConfig, RecordingConfig, SoundKind};
pub use read::{Address, ConfigError, Flags};

/// Every key with its meaning and default. It is also where the defaults come from.
pub const REFERENCE: &str = include_str!("../greenroom.toml");

/// What an operator may configure. The meaning of each key stands in [`REFERENCE`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "REFERENCE says what each key means, in one place"
)]
pub struct Config {
    pub data_dir: PathBuf,
    pub public_url: String,
    pub store: StoreKind,
    pub media: MediaKind,
    pub http: Http,
    pub rtmp: Rtmp,
    pub livekit: LiveKitConfig,
    pub tls: Tls,
    pub accounts: Accounts,
    pub streams: Streams,
    pub backup: Backup,
    pub postgres: Postgres,
    pub redis: Redis,
    pub node: Node,
    pub objects: Objects,
    pub host: Host,
    pub secrets: Secrets,
    pub log: Log,
}

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// Embedded, on disk.
    Sled,
    /// In a database that several nodes may share.
    Postgres,
    /// Gone with the process.
    Memory,
}

impl StoreKind {
    /// As it is configured.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Postgres => "postgres",
            Self::Memory => "memory",
        }
    }
}

/// The web's side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub address: SocketAddr,
    pub cors_origins: Vec<String>,
    pub embed_hosts: Vec<String>,
    pub media_origins: Vec<String>,
    pub trusted_proxies: Vec<String>,
    pub introspection: bool,
    pub dialects: BTreeSet<Dialect>,
    #[serde(deserialize_with = "dialect_or_none")]
    pub socketio_dialect: Option<Dialect>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
}

/// The encoders' side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rtmp {
    pub address: SocketAddr,
    #[serde(deserialize_with = "address_or_none")]
    pub tls_address: Option<SocketAddr>,
    pub public_url: String,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
}

/// The certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Tls {
    /// Whether there is one.
    pub fn is_configured(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

/// Who may have an account, and create.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub registration: RegistrationKind,
    pub creator_approval: ApprovalKind,
}

/// Who may make a local account.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationKind {
    /// Anybody.
    Open,
    /// The operator.
    Closed,
}

/// Who approves creators.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// Nobody has to.
    Automatic,
    /// An administrator.
    ByAdministrator,
}

/// The times of a stream's life.
#[expect(clippy::struct_field_names, reason = "a key names its unit")]
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Streams {
    pub grace_seconds: u32,
    pub no_media_seconds: u32,
    pub takeover_seconds: u32,
}

/// Backups of the store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub every_hours: u32,
    pub folder: PathBuf,
    pub keep: u32,
}

/// The database.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    pub url: String,
    pub max_connections: u32,
    pub migrate: bool,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("max_connections", &self.max_connections)
            .field("migrate", &self.migrate)
            .finish_non_exhaustive()
    }
}

/// What ties nodes together.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub url: String,
    pub prefix: String,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// This node among others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    pub public_url: String,
}

/// Pictures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    pub folder: PathBuf,
}

/// Sign-in by the host platform.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    pub issuer: String,
    pub audience: Vec<String>,
    pub secrets: Vec<String>,
    pub jwks_url: String,
    pub jwks_file: String,
    pub admin_claim: String,
    pub creator_claim: String,
    pub name_claim: String,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The master key.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub master_key: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Config {
    /// What the application is told.
    pub fn settings(&self) -> Settings {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        Settings {
            approval: match self.accounts.creator_approval {
                ApprovalKind::Automatic => CreatorApproval::Automatic,
                ApprovalKind::ByAdministrator => CreatorApproval::ByAdministrator,
            },
            registration: match self.accounts.registration {
                RegistrationKind::Open => Registration::Open,
                RegistrationKind::Closed => Registration::Closed,
            },
            streams: StreamRules {
                grace: seconds(self.streams.grace_seconds),
                no_media: seconds(self.streams.no_media_seconds),
                takeover: seconds(self.streams.takeover_seconds),
            },
            ..Settings::default()
        }
    }

    /// Where backups are.
    pub fn backup_folder(&self) -> PathBuf {
        if self.backup.folder.as_os_str().is_empty() {
            self.data_dir.join("backups")
        } else {
            self.backup.folder.clone()
        }
    }

    /// Where pictures are.
    pub fn objects_folder(&self) -> PathBuf {
        if self.objects.folder.as_os_str().is_empty() {
            self.data_dir.join("objects")
        } else {
            self.objects.folder.clone()
        }
    }

    /// Where people reach the server that listens on this address.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        match self.public_url.trim_end_matches('/') {
            "" => {
                let scheme = if self.tls.is_configured() {
                    "https"
                } else {
                    "http"
                };
                let host = host_of(listening.ip());
                format!("{scheme}://{host}:{}", listening.port())
            }
            url => url.to_owned(),
        }
    }

    /// Where encoders publish, when the engine listens on this address.
    pub fn ingest_url(&self, listening: SocketAddr) -> String {
        match self.rtmp.public_url.trim_end_matches('/') {
            "" => {
                let host = host_in(&self.public_url);
                let host = host.map_or_else(|| host_of(listening.ip()), str::to_owned);
                format!("rtmp://{host}:{}/live", listening.port())
            }
            url => url.to_owned(),
        }
    }

    /// The same by TLS.
    pub fn secure_ingest_url(&self, listening: SocketAddr) -> String {
        let host = host_in(&self.rtmp.public_url).or_else(|| host_in(&self.public_url));
        let host = host.map_or_else(|| host_of(listening.ip()), str::to_owned);
        format!("rtmps://{host}:{}/live", listening.port())
    }
}

/// An address, or the empty text for none.
fn address_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(D::Error::custom),
    }
}

fn dialect_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Dialect>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" => Ok(None),
        "harmoniecore" => Ok(Some(Dialect::HarmonieCore)),
        "pawfectmatch" => Ok(Some(Dialect::PawfectMatch)),
        _ => Err(D::Error::custom(
            "one of \"harmoniecore\" and \"pawfectmatch\" is expected",
        )),
    }
}

/// The host that an address names.
fn host_in(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    Some(host).filter(|host| !host.is_empty())
}

/// An address that can be typed into a browser on this machine.
fn host_of(ip: IpAddr) -> String {
    match ip {
        ip if ip.is_unspecified() || ip.is_loopback() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests;
