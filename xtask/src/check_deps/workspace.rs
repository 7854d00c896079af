//! What the rules look at, read from `cargo metadata`, `cargo tree` and the members'
//! manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use thiserror::Error;

/// The workspace as the rules see it.
pub(super) struct Workspace {
    pub(super) members: Vec<Member>,
    /// Every package that some member reaches, by `name version`.
    pub(super) tree: BTreeMap<String, Package>,
}

/// One member of the workspace.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
    /// Tables of the manifest that are taken over from the workspace's.
    pub(super) inherits: BTreeSet<String>,
    /// Folders under `src`, at any depth, and modules directly in it.
    pub(super) folders: Vec<PathBuf>,
}

/// One line of a dependency table.
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) optional: bool,
    pub(super) default_features: bool,
    pub(super) features: Vec<String>,
    /// Whether it is a member of the workspace.
    pub(super) inside: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Dev,
    Build,
}

/// A package of the resolved tree.
pub(super) struct Package {
    pub(super) name: String,
    /// Keys of [`Workspace::tree`].
    pub(super) uses: BTreeSet<String>,
}

/// Why the workspace can't be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("cargo can't be started")]
    Cargo(#[source] io::Error),
    #[error("cargo metadata refused:\n{0}")]
    Refused(String),
    #[error("cargo metadata answered what this chore can't read")]
    Metadata(#[source] serde_json::Error),
    #[error("{} can't be read", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error("{} is not a manifest", .0.display())]
    Manifest(PathBuf, #[source] toml::de::Error),
}

/// Asks cargo, and reads what cargo does not tell.
pub(super) fn read(flags: &[&str]) -> Result<Workspace, ReadError> {
    let metadata = cargo(&["metadata", "--format-version=1", "--no-deps"], flags)?;
    let metadata: Metadata = serde_json::from_str(&metadata).map_err(ReadError::Metadata)?;
    // The tree that `cargo metadata` shows also holds what weak features only mention.
    let tree = cargo(
        &[
            "tree",
            "--workspace",
            "--all-features",
            "--target=all",
            "--edges=normal,build,dev",
            "--prefix=depth",
            "--format= {p}",
        ],
        flags,
    )?;
    Ok(Workspace {
        members: members(&metadata)?,
        tree: parse_tree(&tree),
    })
}

fn cargo(arguments: &[&str], flags: &[&str]) -> Result<String, ReadError> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--quiet")
        .args(flags)
        .output()
        .map_err(ReadError::Cargo)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(ReadError::Refused(said))
    }
}

/// Reads lines of depth and package: `2 serde v1.0.0 (*)`.
fn parse_tree(text: &str) -> BTreeMap<String, Package> {
    let mut tree: BTreeMap<String, Package> = BTreeMap::new();
    let mut above: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(depth), Some(name), Some(version)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Ok(depth) = depth.parse::<usize>() else {
            continue;
        };
        let key = format!("{name} {}", version.trim_start_matches('v'));
        tree.entry(key.clone()).or_insert_with(|| Package {
            name: name.to_owned(),
            uses: BTreeSet::new(),
        });
        above.truncate(depth);
        if let Some(user) = above.last().and_then(|user| tree.get_mut(user)) {
            user.uses.insert(key.clone());
        }
        above.push(key);
    }
    tree
}

fn members(metadata: &Metadata) -> Result<Vec<Member>, ReadError> {
    let inside: BTreeSet<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let read = |package: &MetadataPackage| {
        let dependencies = package.dependencies.iter().map(|found| Dependency {
            name: found.name.clone(),
            kind: found.kind(),
            optional: found.optional,
            default_features: found.uses_default_features,
            features: found.features.clone(),
            inside: inside.contains(found.name.as_str()),
        });
        Ok(Member {
            name: package.name.clone(),
            dependencies: dependencies.collect(),
            inherits: inherited(&package.manifest_path)?,
            folders: folders(&package.manifest_path)?,
        })
    };
    metadata.packages.iter().map(read).collect()
}

/// Which of the tables and keys that must be inherited say so.
fn inherited(manifest: &Path) -> Result<BTreeSet<String>, ReadError> {
    let text = fs::read_to_string(manifest)
        .map_err(|error| ReadError::File(manifest.to_owned(), error))?;
    let parsed: toml::Table =
        toml::from_str(&text).map_err(|error| ReadError::Manifest(manifest.to_owned(), error))?;

    let says_so = |value: Option<&toml::Value>| {
        value
            .and_then(|value| value.get("workspace"))
            .and_then(toml::Value::as_bool)
            .unwrap_or(false)
    };
    let mut inherits = BTreeSet::new();
    if says_so(parsed.get("lints")) {
        inherits.insert("lints".to_owned());
    }
    if let Some(package) = parsed.get("package").and_then(toml::Value::as_table) {
        for (key, value) in package {
            if says_so(Some(value)) {
                inherits.insert(key.clone());
            }
        }
    }
    Ok(inherits)
}

/// Folders under `src` at any depth and modules directly in it, relative to `src`.
fn folders(manifest: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let root = manifest.with_file_name("src");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        let read_error = |error| ReadError::File(folder.clone(), error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(read_error(error)),
        };
        for entry in entries {
            let entry = entry.map_err(read_error)?;
            let path = entry.path();
            let is_folder = entry.file_type().map_err(read_error)?.is_dir();
            let is_module = path.extension().is_some_and(|extension| extension == "rs");
            if is_folder || (is_module && folder == root) {
                let below = path.strip_prefix(&root).unwrap_or(&path);
                found.push(below.with_extension(""));
            }
            if is_folder {
                open.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<MetadataDependency>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    kind: Option<String>,
    optional: bool,
    uses_default_features: bool,
    features: Vec<String>,
}

impl MetadataDependency {
    fn kind(&self) -> Kind {
        match self.kind.as_deref() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_with_its_edges() {
        let tree = parse_tree(
            "0 greenroom v0.1.0 (/house/crates/greenroom)\n\
             1 tls v1.0.0\n\
             2 ring v0.17.0\n\
             1 derive v2.0.0 (proc-macro)\n\
             \n\
             0 xtask v0.1.0 (/house/xtask)\n\
             1 tls v1.0.0 (*)\n",
        );
        let uses = |key: &str| tree[key].uses.iter().cloned().collect::<Vec<_>>();
        assert_eq!(uses("greenroom 0.1.0"), ["derive 2.0.0", "tls 1.0.0"]);
        assert_eq!(uses("tls 1.0.0"), ["ring 0.17.0"]);
        assert_eq!(uses("xtask 0.1.0"), ["tls 1.0.0"]);
        assert_eq!(tree.len(), 5);
    }
}
