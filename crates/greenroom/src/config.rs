//! Configuration: the defaults, a file, the environment, the flags; in this order.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::MediaKind;
use crate::livekit_config::LiveKitConfig;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use greenroom_app::{Registration, Settings};
use greenroom_domain::account::CreatorApproval;
use greenroom_domain::stream::StreamRules;
use greenroom_web::Dialect;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Every key with its meaning and default. It is also where the defaults come from.
pub const REFERENCE: &str = include_str!("greenroom.toml");

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

    fn check(&self) -> Result<(), ConfigError> {
        if self.media == MediaKind::LiveKit {
            self.livekit.options(Duration::ZERO)?;
        }
        let positive = [
            ("streams.grace_seconds", self.streams.grace_seconds),
            ("streams.no_media_seconds", self.streams.no_media_seconds),
            ("backup.keep", self.backup.keep),
            ("postgres.max_connections", self.postgres.max_connections),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(ConfigError::Value {
                    key,
                    problem: "it must be at least 1".to_owned(),
                });
            }
        }
        let is_postgres = self.store == StoreKind::Postgres;
        if is_postgres && self.postgres.url.is_empty() {
            return Err(ConfigError::Value {
                key: "postgres.url",
                problem: "store = \"postgres\" needs it".to_owned(),
            });
        }
        if !is_postgres && !self.redis.url.is_empty() {
            return Err(ConfigError::Value {
                key: "redis.url",
                problem: "several nodes need store = \"postgres\"".to_owned(),
            });
        }
        let tls = [
            ("tls.certificate", &self.tls.certificate),
            ("tls.key", &self.tls.key),
        ];
        if let [Some((key, _)), None] | [None, Some((key, _))] =
            tls.map(|file| Some(file).filter(|(_, file)| file.as_os_str().is_empty()))
        {
            let problem = "a certificate and its key come together".to_owned();
            return Err(ConfigError::Value { key, problem });
        }
        if self.rtmp.tls_address.is_some() && !self.tls.is_configured() {
            return Err(ConfigError::Value {
                key: "rtmp.tls_address",
                problem: "it needs tls.certificate and tls.key".to_owned(),
            });
        }
        let http = &self.http;
        if (http.socketio_dialect).is_some_and(|dialect| !http.dialects.contains(&dialect)) {
            return Err(ConfigError::Value {
                key: "http.socketio_dialect",
                problem: "http.dialects does not name it".to_owned(),
            });
        }
        if !self.public_url.is_empty()
            && !self.public_url.starts_with("http://")
            && !self.public_url.starts_with("https://")
        {
            let problem = "it must begin with http:// or https://".to_owned();
            return Err(ConfigError::Value {
                key: "public_url",
                problem,
            });
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_a_whole_configuration() {
        let config = Config::defaults();
        assert_eq!(config.http.address.port(), 8080);
        assert_eq!(config.settings().streams, StreamRules::default());
    }

    #[test]
    fn an_unknown_key_and_a_bad_value_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("greenroom.toml");
        for (text, named) in [
            ("[http]\nadress = \"0.0.0.0:1\"", "adress"),
            (
                "[streams]\ngrace_seconds = \"soon\"",
                "streams.grace_seconds",
            ),
            ("[streams]\ngrace_seconds = 0", "streams.grace_seconds"),
            ("public_url = \"example.org\"", "public_url"),
            ("[tls]\ncertificate = \"a.pem\"", "tls.key"),
            ("[tls]\nkey = \"a.pem\"", "tls.certificate"),
            ("[rtmp]\ntls_address = \"[::]:1936\"", "rtmp.tls_address"),
            ("[rtmp]\ntls_address = \"1936\"", "rtmp.tls_address"),
            ("[http]\ndialects = [\"klingon\"]", "http.dialects"),
            ("media = \"livekit\"", "livekit.api_key"),
            (
                "media = \"livekit\"\n[livekit]\nurl = \"host\"\napi_key = \"k\"\napi_secret = \"s\"",
                "livekit.url",
            ),
            (
                "media = \"livekit\"\n[livekit]\napi_key = \"k\"\napi_secret = \"s\"\n\
                 [livekit.recording.s3]\naccess_key = \"a\"\nsecret = \"s\"",
                "livekit.recording.s3.bucket",
            ),
            (
                "[livekit.recording]\naudio = \"mp3\"",
                "livekit.recording.audio",
            ),
            (
                "[http]\nsocketio_dialect = \"circle\"",
                "http.socketio_dialect",
            ),
            (
                "[http]\nsocketio_dialect = \"harmoniecore\"",
                "http.socketio_dialect",
            ),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Config::load(Some(&file), &Flags::default()).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn flags_come_last_and_the_rest_stays() {
        let address = "127.0.0.1:0".parse().unwrap();
        let flags = Flags {
            http: Some(Address { address }),
            ..Flags::default()
        };
        let config = Config::load(None, &flags).unwrap();
        assert_eq!(config.http.address, address);
        assert_eq!(
            config.http.max_connections,
            Config::defaults().http.max_connections
        );
    }

    #[test]
    fn the_ingest_address_is_made_of_the_public_one() {
        let listening = "0.0.0.0:1935".parse().unwrap();
        let config = Config {
            public_url: "https://tv.example.org:8443".to_owned(),
            ..Config::defaults()
        };
        assert_eq!(
            config.ingest_url(listening),
            "rtmp://tv.example.org:1935/live"
        );
        assert_eq!(
            Config::defaults().ingest_url(listening),
            "rtmp://localhost:1935/live"
        );
    }

    #[test]
    fn with_a_certificate_the_public_addresses_are_secure() {
        let config = Config {
            tls: Tls {
                certificate: "certificate.pem".into(),
                key: "key.pem".into(),
            },
            ..Config::defaults()
        };
        let http = "0.0.0.0:443".parse().unwrap();
        assert_eq!(config.public_url(http), "https://localhost:443");
        let rtmps = "0.0.0.0:1936".parse().unwrap();
        assert_eq!(
            config.secure_ingest_url(rtmps),
            "rtmps://localhost:1936/live"
        );
    }
}
