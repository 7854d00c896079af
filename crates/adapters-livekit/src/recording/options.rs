//! What recordings are made of, and where they are put.

use std::fmt;

use greenroom_domain::shared::id::RecordingId;
use livekit_protocol::storage_config::Provider;
use livekit_protocol::{S3Upload, StorageConfig};
use reqwest::Url;

const EXTENSION: &str = ".mp4";
/// What is shown in place of a key.
const REDACTED: &str = "…";
/// How much of what an egress says of its failure is shown, in characters.
const SHOWN: usize = 400;

/// What recordings are made of, and where LiveKit's egress service puts them.
#[derive(Debug, Clone)]
pub struct RecordingOptions {
    directory: String,
    audio: AudioCodec,
    bucket: Option<Bucket>,
}

/// In what the sound of recordings is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudioCodec {
    /// What it is in the room, and what every egress service can make.
    #[default]
    Opus,
    /// What older players and editors take, too. An egress service that has no encoder for it
    /// ends itself when it is asked for one.
    Aac,
}

/// A bucket of S3, or of what speaks like it.
#[derive(Clone, Default)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Where it is; a service of one's own often has none.
    pub region: String,
    /// The address of a service that is not Amazon's, or nothing.
    pub endpoint: String,
    /// A key that may write there; empty where the egress service has its own.
    pub access_key: String,
    /// Its secret.
    pub secret: String,
    /// Whether the bucket is named in the path rather than in the host's name.
    pub force_path_style: bool,
}

/// The options cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordingOptionsError {
    /// Files cannot be put there.
    #[error(
        "a directory for recordings is a path without '.', '..', braces and control characters"
    )]
    Directory,
    /// There is something of a bucket, but not its name.
    #[error("the bucket has no name")]
    NoBucket,
    /// It is not said where the bucket is.
    #[error("a bucket needs a region or an endpoint")]
    NoRegion,
    /// Not an address.
    #[error("a bucket's endpoint begins with http:// or https://")]
    Endpoint,
    /// A key without its secret, or the other way round.
    #[error("a bucket's access key and secret go together")]
    Keys,
}

impl RecordingOptions {
    /// Files in a directory: of the machine on which the egress service runs, or of where its
    /// own configuration has it put files.
    pub fn in_directory(directory: &str) -> Result<Self, RecordingOptionsError> {
        let root = if directory.starts_with('/') { "/" } else { "" };
        let path = clean(directory)?;
        if path.is_empty() {
            return Err(RecordingOptionsError::Directory);
        }
        Ok(Self {
            directory: format!("{root}{path}/"),
            audio: AudioCodec::default(),
            bucket: None,
        })
    }

    /// Objects in a bucket, whose keys begin with a directory's path; with nothing where it is
    /// empty.
    pub fn in_bucket(bucket: Bucket, directory: &str) -> Result<Self, RecordingOptionsError> {
        bucket.check()?;
        let mut directory = clean(directory)?;
        if !directory.is_empty() {
            directory.push('/');
        }
        Ok(Self {
            directory,
            audio: AudioCodec::default(),
            bucket: Some(bucket),
        })
    }

    /// In what sound is kept.
    #[must_use]
    pub fn audio(mut self, audio: AudioCodec) -> Self {
        self.audio = audio;
        self
    }

    pub(super) fn codec(&self) -> livekit_protocol::AudioCodec {
        match self.audio {
            AudioCodec::Aac => livekit_protocol::AudioCodec::Aac,
            AudioCodec::Opus => livekit_protocol::AudioCodec::Opus,
        }
    }

    /// The path or key of a recording.
    pub(super) fn path_of(&self, recording: RecordingId) -> String {
        format!("{}{recording}{EXTENSION}", self.directory)
    }

    /// Which recording has this path or key.
    pub(super) fn recording_at(&self, path: &str) -> Option<RecordingId> {
        let name = path.strip_prefix(&self.directory)?;
        let recording: RecordingId = name.strip_suffix(EXTENSION)?.parse().ok()?;
        // One spelling for each.
        (self.path_of(recording) == path).then_some(recording)
    }

    /// Where the egress service is to put files, if not where it puts them by itself.
    pub(super) fn storage(&self) -> Option<StorageConfig> {
        let bucket = self.bucket.as_ref()?;
        let upload = S3Upload {
            access_key: bucket.access_key.clone(),
            secret: bucket.secret.clone(),
            region: bucket.region.clone(),
            endpoint: bucket.endpoint.clone(),
            bucket: bucket.name.clone(),
            force_path_style: bucket.force_path_style,
            ..S3Upload::default()
        };
        Some(StorageConfig {
            provider: Some(Provider::S3(upload)),
        })
    }

    /// The beginning of what an egress says, without our keys.
    pub(super) fn redact(&self, said: &str) -> String {
        let keys = self.bucket.iter();
        let keys = keys.flat_map(|bucket| [&bucket.access_key, &bucket.secret]);
        let clean = keys
            .filter(|key| !key.is_empty())
            .fold(said.to_owned(), |said, key| said.replace(key, REDACTED));
        clean.chars().take(SHOWN).collect()
    }
}

impl Bucket {
    fn check(&self) -> Result<(), RecordingOptionsError> {
        if self.name.is_empty() {
            return Err(RecordingOptionsError::NoBucket);
        }
        if self.access_key.is_empty() != self.secret.is_empty() {
            return Err(RecordingOptionsError::Keys);
        }
        if self.endpoint.is_empty() {
            return match self.region.as_str() {
                "" => Err(RecordingOptionsError::NoRegion),
                _ => Ok(()),
            };
        }
        let endpoint = Url::parse(&self.endpoint).ok();
        endpoint
            .filter(|url| ["http", "https"].contains(&url.scheme()))
            .map(drop)
            .ok_or(RecordingOptionsError::Endpoint)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// The names in a path, with one slash between them. Egress services put other text in the
/// place of what stands in braces.
fn clean(path: &str) -> Result<String, RecordingOptionsError> {
    let is_odd = |name: &str| {
        matches!(name, "." | "..") || name.contains(|it: char| it.is_control() || "{}".contains(it))
    };
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    if names.iter().any(|name| is_odd(name)) {
        return Err(RecordingOptionsError::Directory);
    }
    Ok(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn bucket() -> Bucket {
        Bucket {
            name: "tape".to_owned(),
            region: "eu-central-1".to_owned(),
            access_key: "AKIA".to_owned(),
            secret: "between us".to_owned(),
            ..Bucket::default()
        }
    }

    #[test]
    fn a_recording_is_known_by_its_path() {
        let id = RecordingId::from_uuid(Uuid::from_u128(7));
        for (options, path) in [
            (
                RecordingOptions::in_directory("/tape//a/"),
                format!("/tape/a/{id}.mp4"),
            ),
            (
                RecordingOptions::in_directory("tape"),
                format!("tape/{id}.mp4"),
            ),
            (
                RecordingOptions::in_bucket(bucket(), "/tape"),
                format!("tape/{id}.mp4"),
            ),
            (
                RecordingOptions::in_bucket(bucket(), ""),
                format!("{id}.mp4"),
            ),
        ] {
            let options = options.expect("options");
            assert_eq!(options.path_of(id), path);
            assert_eq!(options.recording_at(&path), Some(id));
            for other in [
                "",
                "tape/other.mp4",
                &format!("elsewhere/{id}.mp4"),
                &format!("{path}.mp4"),
                &path.to_uppercase(),
                &path.replace('-', ""),
            ] {
                assert_eq!(options.recording_at(other), None, "{other}");
            }
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for directory in ["", "/", "a/../b", "./a", "a{room_name}", "a\n"] {
            let refused = RecordingOptions::in_directory(directory).map(drop);
            assert_eq!(
                refused,
                Err(RecordingOptionsError::Directory),
                "{directory}"
            );
        }
        let refused = |change: fn(&mut Bucket)| {
            let mut bucket = bucket();
            change(&mut bucket);
            RecordingOptions::in_bucket(bucket, "").map(drop)
        };
        let no_name = refused(|it| it.name.clear());
        assert_eq!(no_name, Err(RecordingOptionsError::NoBucket));
        let no_region = refused(|it| it.region.clear());
        assert_eq!(no_region, Err(RecordingOptionsError::NoRegion));
        let no_secret = refused(|it| it.secret.clear());
        assert_eq!(no_secret, Err(RecordingOptionsError::Keys));
        let no_address = refused(|it| "host:9000".clone_into(&mut it.endpoint));
        assert_eq!(no_address, Err(RecordingOptionsError::Endpoint));
        let other = refused(|it| {
            it.region.clear();
            "http://host:9000".clone_into(&mut it.endpoint);
        });
        assert_eq!(other, Ok(()));
    }

    #[test]
    fn keys_are_shown_nowhere() {
        let options = RecordingOptions::in_bucket(bucket(), "").expect("options");
        let said = options.redact("403: AKIA may not; it said 'between us'");
        assert_eq!(said, "403: … may not; it said '…'");
        let debug = format!("{options:?}");
        assert!(
            !debug.contains("AKIA") && !debug.contains("between us"),
            "{debug}"
        );
        assert_eq!(options.redact(&"long ".repeat(1000)).chars().count(), SHOWN);
    }
}
