//! The checks: pure functions from a workspace to what is broken in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::house::{
    self, BANNED, BEHIND_FEATURES, BUILDER, Breaks, Crate, EMPTY_NAMES, EXCEPTIONS, Exception,
    FOLDER_NAMES, FOR_TESTS_ONLY, Features, Inside, MEMBERS, Outside, Place,
};
use super::workspace::{Dependency, Kind, Member, Package, Workspace};

/// What every member takes over from the workspace's manifest.
const INHERITED: &[&str] = &[
    "edition",
    "license",
    "lints",
    "publish",
    "rust-version",
    "version",
];

/// One broken rule: what, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    what: String,
    rule: String,
    remedy: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "broken: {}", self.what)?;
        writeln!(out, "  rule: {}", self.rule)?;
        write!(out, "  do:   {}", self.remedy)
    }
}

/// Everything that is broken.
pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let mut broken = Vec::new();
    let mut used = BTreeSet::new();
    for member in &workspace.members {
        broken.extend(dependencies(member, EXCEPTIONS, &mut used));
        broken.extend(inheritance(member));
        broken.extend(folders(member));
    }
    broken.extend(stale(EXCEPTIONS, &used));
    broken.extend(banned(&workspace.tree));
    broken
}

/// The dependencies of one member against its line in the table. Remembers in
/// `used` which exceptions (by place in `exceptions`) were needed.
fn dependencies(
    member: &Member,
    exceptions: &[Exception],
    used: &mut BTreeSet<usize>,
) -> Vec<Violation> {
    let Some(line) = MEMBERS.iter().find(|line| fits(line.name, &member.name)) else {
        return vec![Violation {
            what: format!("{} is unknown to the house", member.name),
            rule: "every member has a line that says what it may depend on".to_owned(),
            remedy: "add its line to MEMBERS in xtask/src/check_deps/house.rs".to_owned(),
        }];
    };
    let mut excepted = |dependency: &Dependency, breaks: Breaks| {
        let place = exceptions.iter().position(|exception| {
            exception.member == member.name
                && exception.dependency == dependency.name
                && exception.breaks == breaks
        });
        used.extend(place);
        place.is_some()
    };

    let mut broken = Vec::new();
    for dependency in &member.dependencies {
        if dependency.inside {
            let for_tests = dependency.kind == Kind::Dev;
            let allowed = inside(&line.inside, dependency)
                || (for_tests && excepted(dependency, Breaks::InsideForTests));
            if !allowed {
                broken.push(out_of_reach(line, member, dependency));
            }
            if member.name == BUILDER
                && !for_tests
                && !dependency.optional
                && BEHIND_FEATURES
                    .iter()
                    .any(|pattern| fits(pattern, &dependency.name))
                && !excepted(dependency, Breaks::AlwaysThere)
            {
                broken.push(Violation {
                    what: format!("{} always brings {}", member.name, dependency.name),
                    rule: "each adapter of the builder stands behind a feature".to_owned(),
                    remedy: "make it `optional = true` and name it in [features]".to_owned(),
                });
            }
        } else if let Outside::Only(list) = &line.outside {
            broken.extend(outside(line, list, member, dependency));
        }
    }
    broken
}

fn inside(allowed: &Inside, dependency: &Dependency) -> bool {
    let listed = match allowed {
        Inside::Any => true,
        Inside::Only(patterns) => patterns
            .iter()
            .any(|pattern| fits(pattern, &dependency.name)),
    };
    let for_tests_only = FOR_TESTS_ONLY.contains(&dependency.name.as_str());
    listed && (!for_tests_only || dependency.kind == Kind::Dev || matches!(allowed, Inside::Any))
}

fn out_of_reach(line: &house::Member, member: &Member, dependency: &Dependency) -> Violation {
    let remedy = if FOR_TESTS_ONLY.contains(&dependency.name.as_str()) {
        "move it to [dev-dependencies]"
    } else {
        "speak through a port of greenroom-domain, and let the builder join the two"
    };
    Violation {
        what: format!(
            "{} has {} in {}",
            member.name,
            dependency.name,
            table(dependency.kind)
        ),
        rule: line.why.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn outside(
    line: &house::Member,
    list: &[Crate],
    member: &Member,
    dependency: &Dependency,
) -> Vec<Violation> {
    let says = |what: String, remedy: String| Violation {
        what: format!("{} {what}", member.name),
        rule: line.why.to_owned(),
        remedy,
    };
    let name = &dependency.name;
    let Some(allowed) = list.iter().find(|allowed| allowed.name == *name) else {
        return vec![says(
            format!("has {name} in {}", table(dependency.kind)),
            "do it in an adapter behind a port; or, if it is pure and small, add it with its \
             reason to MEMBERS in xtask/src/check_deps/house.rs"
                .to_owned(),
        )];
    };

    let mut broken = Vec::new();
    let for_tests = dependency.kind == Kind::Dev;
    match allowed.place {
        Place::BehindFeature if !for_tests && !dependency.optional => broken.push(says(
            format!("always brings {name}"),
            "make it `optional = true` behind a feature".to_owned(),
        )),
        Place::Tests if !for_tests => broken.push(says(
            format!("has {name} in {}", table(dependency.kind)),
            "move it to [dev-dependencies]".to_owned(),
        )),
        Place::Anywhere | Place::BehindFeature | Place::Tests => {}
    }
    for feature in forbidden_features(&allowed.features, dependency) {
        broken.push(says(
            format!("asks for the feature `{feature}` of {name}"),
            format!("leave `{feature}` out, also where the workspace's manifest adds it"),
        ));
    }
    broken
}

fn forbidden_features(allowed: &Features, dependency: &Dependency) -> Vec<String> {
    let asked = dependency.features.iter();
    let mut forbidden: Vec<String> = match allowed {
        Features::Any => Vec::new(),
        Features::Without(none_of) | Features::WithoutDefaultsAnd(none_of) => asked
            .filter(|feature| none_of.contains(&feature.as_str()))
            .cloned()
            .collect(),
        Features::Only { anywhere, tests } => asked
            .filter(|feature| {
                let feature = feature.as_str();
                let in_tests = dependency.kind == Kind::Dev && tests.contains(&feature);
                !anywhere.contains(&feature) && !in_tests
            })
            .cloned()
            .collect(),
    };
    if matches!(allowed, Features::WithoutDefaultsAnd(_)) && dependency.default_features {
        forbidden.push("default".to_owned());
    }
    forbidden
}

fn inheritance(member: &Member) -> Vec<Violation> {
    INHERITED
        .iter()
        .filter(|key| !member.inherits.contains(**key))
        .map(|key| {
            let remedy = if *key == "lints" {
                "add `[lints]` with `workspace = true` to its Cargo.toml".to_owned()
            } else {
                format!("write `{key}.workspace = true` under [package] of its Cargo.toml")
            };
            Violation {
                what: format!("{} has its own {key}", member.name),
                rule: "the workspace's manifest says it once for all".to_owned(),
                remedy,
            }
        })
        .collect()
}

fn folders(member: &Member) -> Vec<Violation> {
    let mut broken = Vec::new();
    // Only these hold folders by capability; the others may use the words freely.
    let by_capability = ["greenroom-domain", "greenroom-app", "greenroom-web"]
        .contains(&member.name.as_str())
        || fits("greenroom-adapters-*", &member.name);
    for folder in &member.folders {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let place = || format!("{} has src/{}", member.name, folder.display());
        if by_capability
            && let Some((_, right)) = FOLDER_NAMES.iter().find(|(wrong, _)| *wrong == name)
        {
            broken.push(Violation {
                what: place(),
                rule: "a capability has the same name in every crate".to_owned(),
                remedy: format!("call it `{right}`"),
            });
        }
        if EMPTY_NAMES.contains(&name) {
            broken.push(Violation {
                what: place(),
                rule: "a module is named for the idea that it holds".to_owned(),
                remedy: "name the idea, or move each piece beside its only user".to_owned(),
            });
        }
    }
    broken
}

/// Exceptions that nothing needs.
fn stale(exceptions: &[Exception], used: &BTreeSet<usize>) -> Vec<Violation> {
    exceptions
        .iter()
        .enumerate()
        .filter(|(place, _)| !used.contains(place))
        .map(|(_, exception)| Violation {
            what: format!(
                "the exception of {} for {} is not needed (it said: {})",
                exception.member, exception.dependency, exception.reason
            ),
            rule: "the list of exceptions only shrinks".to_owned(),
            remedy: "remove its line from EXCEPTIONS in xtask/src/check_deps/house.rs".to_owned(),
        })
        .collect()
}

/// Banned packages, each with one way by which it comes in.
fn banned(tree: &BTreeMap<String, Package>) -> Vec<Violation> {
    tree.iter()
        .filter_map(|(key, package)| {
            let (_, remedy) = BANNED.iter().find(|(name, _)| *name == package.name)?;
            Some(Violation {
                what: format!("{key} is in the tree: {}", way_to(tree, key).join(" <- ")),
                rule: "no ring, openssl or native-tls anywhere".to_owned(),
                remedy: (*remedy).to_owned(),
            })
        })
        .collect()
}

/// The shortest way from `key` up to a package that nobody uses.
fn way_to(tree: &BTreeMap<String, Package>, key: &str) -> Vec<String> {
    let mut used_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (user, package) in tree {
        for used in &package.uses {
            used_by.entry(used).or_default().push(user);
        }
    }
    let mut seen = BTreeSet::from([key.to_owned()]);
    let mut open = VecDeque::from([vec![key.to_owned()]]);
    while let Some(way) = open.pop_front() {
        let users = way.last().and_then(|last| used_by.get(last.as_str()));
        let Some(users) = users else { return way };
        for user in users {
            if seen.insert((*user).to_owned()) {
                let mut longer = way.clone();
                longer.push((*user).to_owned());
                open.push_back(longer);
            }
        }
    }
    vec![key.to_owned()]
}

/// Whether `name` is `pattern`, whose trailing `*` stands for any ending.
fn fits(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |start| name.starts_with(start))
}

fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Normal => "[dependencies]",
        Kind::Dev => "[dev-dependencies]",
        Kind::Build => "[build-dependencies]",
    }
}

#[cfg(test)]
mod tests;
