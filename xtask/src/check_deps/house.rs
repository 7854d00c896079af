//! The rules of the house as a table. `docs/architecture.md` tells them in prose.
//!
//! An exception is one line with its reason in [`EXCEPTIONS`]. That list may only
//! shrink: a line that nothing needs any more is itself an error.

/// What a member of the workspace may depend on.
pub(super) struct Member {
    /// Package name; a trailing `*` stands for any ending.
    pub(super) name: &'static str,
    /// Members of the workspace it may use, in any kind of dependency.
    pub(super) inside: Inside,
    /// Crates from outside that it may use.
    pub(super) outside: Outside,
    /// Why the line is drawn here, for whoever runs into it.
    pub(super) why: &'static str,
}

/// Which members of the workspace a member may use.
pub(super) enum Inside {
    /// Those whose names fit one of these patterns.
    Only(&'static [&'static str]),
    /// All of them.
    Any,
}

/// Which crates from outside a member may use.
pub(super) enum Outside {
    /// These.
    Only(&'static [Crate]),
    /// Any: an adapter or an edge is there to meet the outside.
    Any,
}

/// A crate from outside in a closed list.
pub(super) struct Crate {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) features: Features,
}

/// In which table of `Cargo.toml` a crate may stand.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// `[dependencies]` and `[dev-dependencies]`.
    Anywhere,
    /// `[dependencies]` with `optional = true`, and `[dev-dependencies]`.
    BehindFeature,
    /// `[dev-dependencies]`.
    Tests,
}

/// Which features of a crate may be asked for.
#[derive(Clone, Copy)]
pub(super) enum Features {
    Any,
    /// Any but these. Default features must be off, as they bring one of them.
    WithoutDefaultsAnd(&'static [&'static str]),
    /// Any but these. Default features are harmless.
    Without(&'static [&'static str]),
    /// These and, in `[dev-dependencies]`, those of the second list.
    Only {
        anywhere: &'static [&'static str],
        tests: &'static [&'static str],
    },
}

const fn plain(name: &'static str) -> Crate {
    Crate {
        name,
        place: Place::Anywhere,
        features: Features::Any,
    }
}

const fn in_tests(name: &'static str) -> Crate {
    Crate {
        name,
        place: Place::Tests,
        features: Features::Any,
    }
}

const fn behind_feature(name: &'static str) -> Crate {
    Crate {
        name,
        place: Place::BehindFeature,
        features: Features::Any,
    }
}

// What reads the machine's clock or randomness is left out of these two.
const CHRONO: Crate = Crate {
    name: "chrono",
    place: Place::Anywhere,
    features: Features::WithoutDefaultsAnd(&["clock", "now", "wasmbind", "iana-time-zone"]),
};
const UUID: Crate = Crate {
    name: "uuid",
    place: Place::Anywhere,
    features: Features::Without(&["v1", "v4", "v6", "v7", "rng"]),
};

/// Every member has a line; the first that fits holds.
pub(super) const MEMBERS: &[Member] = &[
    Member {
        name: "greenroom-domain",
        inside: Inside::Only(&[]),
        outside: Outside::Only(&[
            plain("async-trait"),
            plain("bytes"),
            CHRONO,
            plain("futures-core"),
            plain("thiserror"),
            // The emotes that everybody knows: a table, and nothing else.
            plain("emojis"),
            // What a viewer calls one character: lengths are counted in graphemes.
            plain("unicode-segmentation"),
            UUID,
            behind_feature("mockall"),
            behind_feature("serde"),
            in_tests("proptest"),
            in_tests("serde_json"),
        ]),
        why: "domain decides purely: it knows no runtime, store or wire format, and gets \
              time and ids as arguments",
    },
    Member {
        name: "greenroom-app",
        inside: Inside::Only(&["greenroom-domain", "greenroom-testkit"]),
        outside: Outside::Only(&[
            plain("async-trait"),
            plain("bytes"),
            CHRONO,
            plain("futures-core"),
            // Streams and joins without a runtime.
            plain("futures-util"),
            plain("parking_lot"),
            plain("thiserror"),
            Crate {
                name: "tokio",
                place: Place::Anywhere,
                features: Features::Only {
                    anywhere: &["macros", "rt", "sync", "time"],
                    tests: &["rt-multi-thread", "test-util"],
                },
            },
            // The cancellation token.
            plain("tokio-util"),
            plain("tracing"),
            UUID,
            in_tests("proptest"),
            in_tests("serde_json"),
        ]),
        why: "app asks the domain and commits the answer; sockets, files and formats belong \
              to adapters and web",
    },
    Member {
        name: "greenroom-testkit",
        inside: Inside::Only(&["greenroom-domain"]),
        outside: Outside::Any,
        why: "the contract suites must fit any adapter, also one of a program we never saw",
    },
    Member {
        name: "greenroom-adapters-*",
        inside: Inside::Only(&["greenroom-domain", "greenroom-testkit"]),
        outside: Outside::Any,
        why: "an adapter fulfils domain's ports and can be exchanged alone, so it knows no \
              other adapter and nothing above the ports",
    },
    Member {
        name: "greenroom-web",
        inside: Inside::Only(&["greenroom-app", "greenroom-domain", "greenroom-testkit"]),
        outside: Outside::Any,
        why: "web speaks to use cases; which adapter answers is the builder's choice",
    },
    Member {
        name: "greenroom",
        inside: Inside::Only(&[
            "greenroom-domain",
            "greenroom-app",
            "greenroom-adapters-*",
            "greenroom-web",
            "greenroom-testkit",
        ]),
        outside: Outside::Any,
        why: "the builder joins everything below it and nothing above",
    },
    Member {
        name: "greenroom-cli",
        inside: Inside::Only(&["greenroom"]),
        outside: Outside::Any,
        why: "what the command line can do, an embedding program can do: through the builder",
    },
    Member {
        name: "greenroom-tests",
        inside: Inside::Any,
        outside: Outside::Any,
        why: "the end-to-end tests stand outside of everything",
    },
    Member {
        name: "example-*",
        inside: Inside::Any,
        outside: Outside::Any,
        why: "an example stands where the program of somebody else does",
    },
    Member {
        name: "xtask",
        inside: Inside::Only(&[]),
        outside: Outside::Any,
        why: "chores must build when the workspace does not",
    },
];

/// Only in `[dev-dependencies]`, wherever [`MEMBERS`] lets it in.
pub(super) const FOR_TESTS_ONLY: &[&str] = &["greenroom-testkit"];

/// The builder's adapters each stand behind a feature: who embeds one pays for one.
pub(super) const BUILDER: &str = "greenroom";

/// Patterns of what [`BUILDER`] must hold behind features.
pub(super) const BEHIND_FEATURES: &[&str] = &["greenroom-adapters-*"];

/// One dependency that its member's line forbids.
pub(super) struct Exception {
    pub(super) member: &'static str,
    pub(super) dependency: &'static str,
    pub(super) breaks: Breaks,
    pub(super) reason: &'static str,
}

/// What an exception allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaks {
    /// A dev-dependency on a member that is out of reach.
    InsideForTests,
    /// An adapter of the builder that is always there.
    AlwaysThere,
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        member: "greenroom-app",
        dependency: "greenroom-adapters-memory",
        breaks: Breaks::InsideForTests,
        reason: "use cases are tested against real stores in memory, not against mocks",
    },
    Exception {
        member: "greenroom-web",
        dependency: "greenroom-adapters-memory",
        breaks: Breaks::InsideForTests,
        reason: "routes are tested over HTTP on a whole platform in memory",
    },
    Exception {
        member: BUILDER,
        dependency: "greenroom-adapters-memory",
        breaks: Breaks::AlwaysThere,
        reason: "the system clock, the ids and the one-node bus live there",
    },
];

/// Crates that must not be in anybody's tree.
pub(super) const BANNED: &[(&str, &str)] = &[
    (
        "ring",
        "one crypto provider: choose the crate's aws-lc-rs feature",
    ),
    (
        "openssl",
        "one crypto provider: choose rustls with aws-lc-rs",
    ),
    (
        "openssl-sys",
        "one crypto provider, and no C library of the system: choose rustls with aws-lc-rs",
    ),
    (
        "native-tls",
        "one crypto provider: choose rustls with aws-lc-rs",
    ),
];

/// How a capability's folder must not be called, and how it is called.
pub(super) const FOLDER_NAMES: &[(&str, &str)] = &[
    ("accounts", "account"),
    ("user", "account"),
    ("users", "account"),
    ("channels", "channel"),
    ("streams", "stream"),
    ("streaming", "stream"),
    ("chats", "chat"),
    ("messages", "chat"),
    ("messaging", "chat"),
    ("socials", "social"),
    ("follows", "social"),
    ("recordings", "recording"),
    ("vod", "recording"),
    ("vods", "recording"),
    ("notifications", "notification"),
    ("notify", "notification"),
];

/// Names that say nothing about what is inside.
pub(super) const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];
