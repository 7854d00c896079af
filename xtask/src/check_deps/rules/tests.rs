use super::*;

fn dependency(name: &str, kind: Kind) -> Dependency {
    Dependency {
        name: name.to_owned(),
        kind,
        optional: false,
        default_features: false,
        features: Vec::new(),
        inside: name.starts_with("greenroom"),
    }
}

fn member(name: &str, dependencies: Vec<Dependency>) -> Member {
    Member {
        name: name.to_owned(),
        dependencies,
        inherits: INHERITED.iter().map(|key| (*key).to_owned()).collect(),
        folders: Vec::new(),
    }
}

/// What is broken when `name` has this one dependency and there are no exceptions.
fn broken(name: &str, dependency: Dependency) -> Vec<String> {
    dependencies(&member(name, vec![dependency]), &[], &mut BTreeSet::new())
        .into_iter()
        .map(|violation| violation.what)
        .collect()
}

fn allows(name: &str, dependency: Dependency) -> bool {
    broken(name, dependency).is_empty()
}

#[test]
fn domain_knows_only_its_list() {
    assert!(allows(
        "greenroom-domain",
        dependency("thiserror", Kind::Normal)
    ));
    assert!(allows(
        "greenroom-domain",
        dependency("proptest", Kind::Dev)
    ));
    for forbidden in [
        "tokio",
        "sqlx",
        "axum",
        "greenroom-app",
        "greenroom-testkit",
    ] {
        for kind in [Kind::Normal, Kind::Dev, Kind::Build] {
            assert!(
                !allows("greenroom-domain", dependency(forbidden, kind)),
                "{forbidden} as {kind:?}"
            );
        }
    }
}

#[test]
fn domain_has_serde_and_mocks_only_behind_features() {
    for name in ["serde", "mockall"] {
        assert_eq!(
            broken("greenroom-domain", dependency(name, Kind::Normal)),
            [format!("greenroom-domain always brings {name}")]
        );
        let optional = Dependency {
            optional: true,
            ..dependency(name, Kind::Normal)
        };
        assert!(allows("greenroom-domain", optional));
        assert!(allows("greenroom-domain", dependency(name, Kind::Dev)));
    }
}

#[test]
fn domain_and_app_read_no_clock_and_no_randomness() {
    for name in ["greenroom-domain", "greenroom-app"] {
        let chrono = || dependency("chrono", Kind::Normal);
        assert!(allows(name, chrono()));
        let defaults = Dependency {
            default_features: true,
            ..chrono()
        };
        assert_eq!(
            broken(name, defaults),
            [format!("{name} asks for the feature `default` of chrono")]
        );
        let clock = Dependency {
            features: vec!["std".to_owned(), "clock".to_owned()],
            ..chrono()
        };
        assert_eq!(
            broken(name, clock),
            [format!("{name} asks for the feature `clock` of chrono")]
        );
        let v7 = Dependency {
            features: vec!["v7".to_owned()],
            ..dependency("uuid", Kind::Normal)
        };
        assert!(!allows(name, v7));
    }
}

#[test]
fn app_has_of_tokio_what_needs_no_socket() {
    let tokio = |kind, feature: &str| Dependency {
        features: vec![feature.to_owned()],
        default_features: true,
        ..dependency("tokio", kind)
    };
    assert!(allows("greenroom-app", tokio(Kind::Normal, "sync")));
    assert!(allows("greenroom-app", tokio(Kind::Dev, "test-util")));
    assert!(!allows("greenroom-app", tokio(Kind::Normal, "test-util")));
    for forbidden in ["net", "fs", "full", "process"] {
        assert!(!allows("greenroom-app", tokio(Kind::Normal, forbidden)));
        assert!(!allows("greenroom-app", tokio(Kind::Dev, forbidden)));
    }
}

#[test]
fn adapters_know_domain_and_never_each_other() {
    let sled = "greenroom-adapters-sled";
    assert!(allows(sled, dependency("greenroom-domain", Kind::Normal)));
    assert!(allows(sled, dependency("sled", Kind::Normal)));
    assert!(allows(sled, dependency("greenroom-testkit", Kind::Dev)));
    for forbidden in [
        "greenroom-adapters-memory",
        "greenroom-app",
        "greenroom-web",
    ] {
        assert!(!allows(sled, dependency(forbidden, Kind::Normal)));
        assert!(!allows(sled, dependency(forbidden, Kind::Dev)));
    }
}

#[test]
fn testkit_is_for_tests() {
    let testkit = |kind| dependency("greenroom-testkit", kind);
    for name in [
        "greenroom-app",
        "greenroom-web",
        "greenroom",
        "greenroom-adapters-sled",
    ] {
        assert!(allows(name, testkit(Kind::Dev)), "{name}");
        assert!(!allows(name, testkit(Kind::Normal)), "{name}");
    }
    assert!(allows("greenroom-tests", testkit(Kind::Normal)));
}

#[test]
fn web_and_cli_reach_no_adapter() {
    for name in ["greenroom-web", "greenroom-cli"] {
        let adapter = dependency("greenroom-adapters-sled", Kind::Normal);
        assert!(!allows(name, adapter), "{name}");
    }
    assert!(allows(
        "greenroom-cli",
        dependency("greenroom", Kind::Normal)
    ));
    assert!(!allows(
        "greenroom-cli",
        dependency("greenroom-app", Kind::Normal)
    ));
}

#[test]
fn the_builder_holds_adapters_behind_features() {
    let sled = || dependency("greenroom-adapters-sled", Kind::Normal);
    assert_eq!(
        broken(BUILDER, sled()),
        ["greenroom always brings greenroom-adapters-sled"]
    );
    let optional = Dependency {
        optional: true,
        ..sled()
    };
    assert!(allows(BUILDER, optional));
    assert!(!allows(BUILDER, dependency("greenroom-cli", Kind::Normal)));
}

#[test]
fn an_exception_holds_for_tests_alone_and_is_stale_when_unused() {
    let exceptions = &[Exception {
        member: "greenroom-web",
        dependency: "greenroom-adapters-memory",
        breaks: Breaks::InsideForTests,
        reason: "tested in memory",
    }];
    let web = |kind| {
        member(
            "greenroom-web",
            vec![dependency("greenroom-adapters-memory", kind)],
        )
    };

    let mut used = BTreeSet::new();
    assert_eq!(
        dependencies(&web(Kind::Normal), exceptions, &mut used).len(),
        1
    );
    assert_eq!(stale(exceptions, &used).len(), 1);

    assert_eq!(dependencies(&web(Kind::Dev), exceptions, &mut used), []);
    assert_eq!(stale(exceptions, &used), []);
}

#[test]
fn an_unknown_member_is_asked_for_its_line() {
    let found = dependencies(
        &member("greenroom-new", Vec::new()),
        &[],
        &mut BTreeSet::new(),
    );
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().contains("add its line to MEMBERS"));
}

#[test]
fn members_inherit_from_the_workspace() {
    let mut own_lints = member("greenroom-app", Vec::new());
    assert_eq!(inheritance(&own_lints), []);
    own_lints.inherits.remove("lints");
    assert_eq!(
        inheritance(&own_lints)[0].what,
        "greenroom-app has its own lints"
    );
}

#[test]
fn capabilities_are_spelt_alike() {
    let mut app = member("greenroom-app", Vec::new());
    app.folders = ["chat", "rest/stream", "streams", "rest/users", "utils"]
        .map(Into::into)
        .to_vec();
    let found: Vec<String> = folders(&app)
        .into_iter()
        .map(|broken| broken.what)
        .collect();
    assert_eq!(
        found,
        [
            "greenroom-app has src/streams",
            "greenroom-app has src/rest/users",
            "greenroom-app has src/utils",
        ]
    );

    // A subcommand may be called `user`.
    let mut cli = member("greenroom-cli", Vec::new());
    cli.folders = vec!["commands/user".into(), "user".into()];
    assert_eq!(folders(&cli), []);
}

#[test]
fn a_banned_crate_is_shown_with_its_way_in() {
    let package = |name: &str, uses: &[&str]| {
        let uses = uses.iter().map(|used| (*used).to_owned()).collect();
        (
            format!("{name} 1.0.0"),
            Package {
                name: name.to_owned(),
                uses,
            },
        )
    };
    let tree = BTreeMap::from([
        package("greenroom", &["tls 1.0.0"]),
        package("tls", &["ring 1.0.0"]),
        package("ring", &[]),
    ]);
    let found = banned(&tree);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].what,
        "ring 1.0.0 is in the tree: ring 1.0.0 <- tls 1.0.0 <- greenroom 1.0.0"
    );
}
