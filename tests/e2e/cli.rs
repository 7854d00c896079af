//! The command line: what an operator types, beside a running server and without one.

use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::process::Stdio;
use std::time::Duration;

use greenroom_tests::commands::{Commands, Outcome};
use greenroom_tests::server::Server;
use greenroom_tests::tools;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PASSWORD: &str = "correct horse battery staple";
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A folder of its own that no server has seen.
pub(crate) async fn commands() -> (tempfile::TempDir, Commands) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let commands = Commands::on(folder.path().join("data")).await;
    (folder, commands)
}

/// Every command on the account and channel `name`; what each answered, without ids and times.
async fn every_command(commands: &Commands, name: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    let create = [
        "--json",
        "user",
        "create",
        name,
        "--display-name",
        "Some One",
    ];
    let made = commands.run_with(&create, PASSWORD).await.json();
    assert_eq!(made["display_name"], "Some One");
    assert_eq!(
        (&made["admin"], &made["creator"]),
        (&json!(false), &json!("none"))
    );
    answers.push(made);
    for (command, field, becomes) in [
        ("promote", "admin", json!(true)),
        ("demote", "admin", json!(false)),
        ("approve", "creator", json!("approved")),
        ("suspend", "creator", json!("suspended")),
        ("approve", "creator", json!("approved")),
    ] {
        let answer = commands
            .run(&["--json", "user", command, name])
            .await
            .json();
        assert_eq!(answer[field], becomes, "{command}");
        answers.push(answer);
    }
    let create = [
        "--json", "channel", "create", name, name, "--title", "On air",
    ];
    let channel = commands.run(&create).await.json();
    assert_eq!(
        (&channel["handle"], &channel["title"]),
        (&json!(name), &json!("On air"))
    );
    answers.push(channel);
    let create = ["--json", "channel", "key", name, "--label", "OBS"];
    let key = commands.run(&create).await.json();
    let secret = key["secret"].as_str().expect("the key is shown once");
    answers.push(key.clone());
    let shown = commands.run(&["--json", "channel", "show", name]).await;
    assert!(!shown.stdout.contains(secret), "{shown:?}");
    let shown = shown.json();
    assert_eq!(shown["keys"][0]["label"], "OBS");
    answers.push(shown);
    answers.push(
        commands
            .run(&["--json", "channel", "unlock", name])
            .await
            .json(),
    );
    let change = ["--json", "user", "password", name];
    let changed = commands.run_with(&change, "another long password").await;
    answers.push(changed.json());
    let token = commands.run(&["--json", "token", name]).await.json();
    assert!(
        token["token"]
            .as_str()
            .is_some_and(|token| token.len() > 20)
    );
    answers.push(token);
    let listed = commands.run(&["--json", "user", "list"]).await.json();
    let users = listed["users"].as_array().or(listed["items"].as_array());
    let users = users.expect("users are listed").iter();
    assert!(
        users.clone().any(|user| user["username"] == name),
        "{listed}"
    );
    answers
}

/// Which fields there are.
fn shape(answers: &[Value]) -> Vec<Vec<&String>> {
    assert!(answers.iter().all(Value::is_object), "{answers:?}");
    answers
        .iter()
        .filter_map(Value::as_object)
        .map(|fields| fields.keys().collect())
        .collect()
}

#[tokio::test]
async fn commands_answer_alike_beside_a_server_and_without_one() {
    let mut server = Server::start().await;
    let commands = Commands::on(server.data_dir()).await;
    let beside = every_command(&commands, "beside").await;
    server.stop().await;
    let without = every_command(&commands, "without").await;
    assert_eq!(shape(&beside), shape(&without));

    // What was done while it was down is there when it is up, and the other way round.
    server.restart().await;
    for (name, answers) in [("beside", &beside), ("without", &without)] {
        let token = answers.last().and_then(|token| token["token"].as_str());
        let me = server
            .api_as(token.expect("a token"))
            .get("/api/v1/me")
            .await;
        assert_eq!(me.expect(200)["username"], name);
        let old = json!({ "username": name, "password": PASSWORD });
        let refused = server.api().post("/api/v1/sessions", &old).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        let new = json!({ "username": name, "password": "another long password" });
        let answer = server.api().post("/api/v1/sessions", &new).await;
        assert_eq!(answer.expect(201)["user"]["username"], name);
    }
}

#[tokio::test]
async fn people_read_lines_and_scripts_read_json() {
    let (_folder, commands) = commands().await;
    let made = commands
        .run_with(&["user", "create", "kim", "--admin"], PASSWORD)
        .await;
    let made = made.done();
    assert!(
        made.contains("username: kim") && made.contains("admin: true"),
        "{made}"
    );
    let shown = commands.run(&["user", "list"]).await.done();
    assert!(shown.contains("username: kim"), "{shown}");
    let listed = commands.run(&["user", "list", "--json"]).await.json();
    assert!(listed.to_string().contains("\"kim\""), "{listed}");
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let (_folder, commands) = commands().await;
    let create = |name: &'static str, password: &'static str| {
        let commands = commands.clone();
        async move {
            commands
                .run_with(&["user", "create", name], password)
                .await
                .failed(1)
        }
    };
    let wrong = create("no spaces", PASSWORD).await;
    assert!(wrong.starts_with("greenroom: username: "), "{wrong}");
    let short = create("kim", "short").await;
    assert!(
        short.contains("password") && short.contains("10"),
        "{short}"
    );
    commands
        .run_with(&["user", "create", "kim"], PASSWORD)
        .await
        .done();
    let taken = create("kim", PASSWORD).await;
    assert!(taken.contains("taken"), "{taken}");
    let json = ["--json", "user", "create", "KIM"];
    let taken = commands.run_with(&json, PASSWORD).await.failed(1);
    let taken: Value = serde_json::from_str(&taken).expect("an error is JSON where asked for");
    assert!(
        taken["error"]
            .as_str()
            .is_some_and(|text| text.contains("taken")),
        "{taken}"
    );

    for nobody in [
        &["token", "nobody"][..],
        &["user", "promote", "nobody"],
        &["user", "approve", "nobody"],
        &["channel", "create", "nobody", "tele"],
        &["channel", "show", "tele"],
        &["channel", "key", "tele"],
        &["channel", "unlock", "tele"],
    ] {
        let refused = commands.run_with(nobody, PASSWORD).await.failed(1);
        assert!(
            refused.contains("there is no such"),
            "{nobody:?}: {refused}"
        );
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
    let wrong = commands
        .run(&["channel", "create", "kim", "../etc"])
        .await
        .failed(1);
    assert!(wrong.starts_with("greenroom: handle: "), "{wrong}");
    commands
        .run(&["channel", "create", "kim", "kim"])
        .await
        .done();
    let second = commands
        .run(&["channel", "create", "kim", "kim2"])
        .await
        .failed(1);
    assert!(second.contains("channel"), "{second}");
    let cursor = commands
        .run(&["user", "list", "--after", "mine"])
        .await
        .failed(1);
    assert!(cursor.contains("cursor"), "{cursor}");
}

#[tokio::test]
async fn what_is_mistyped_is_named() {
    let (_folder, commands) = commands().await;
    for (arguments, named) in [
        (&["serve", "--htpp", "127.0.0.1:0"][..], "--htpp"),
        (&["serve", "--http", "nowhere"], "nowhere"),
        (&["user", "crate", "kim"], "crate"),
        (&["user", "create"], "<USERNAME>"),
        (
            &["user", "create", "kim", "--password", PASSWORD],
            "--password",
        ),
    ] {
        let usage = commands.run(arguments).await.failed(2);
        assert!(usage.contains(named) && usage.contains("--help"), "{usage}");
    }
    assert!(!commands.folder().exists(), "nothing was made");
}

#[tokio::test]
async fn a_bad_configuration_is_named_and_nothing_starts() {
    let (folder, commands) = commands().await;
    let file = folder.path().join("greenroom.toml");
    let path = file.to_str().expect("the path is UTF-8");
    let missing = commands.run(&["--config", path, "serve"]).await.failed(1);
    assert!(
        missing.contains(path) && missing.contains("does not exist"),
        "{missing}"
    );
    for (text, named) in [
        ("[htpp]\naddress = \"127.0.0.1:0\"", &["htpp"][..]),
        ("[http]\nadress = \"127.0.0.1:0\"", &["adress"]),
        ("[http]\naddress = \"here\"", &["http.address"]),
        (
            "[http]\ntrusted_proxies = [\"10.0.0.0/99\"]",
            &["http.trusted_proxies", "10.0.0.0/99"],
        ),
        ("[streams]\ngrace_seconds = -1", &["streams.grace_seconds"]),
        ("store = \"postgres\"", &["store", "postgres"]),
        ("[log]\nformat = \"xml\"", &["log.format", "xml"]),
        ("[log]\nfilter = \"=loud=\"", &["log.filter"]),
        ("[secrets]\nmaster_key = \"short\"", &["secrets.master_key"]),
        ("[host]\nissuer = \"https://host.example\"", &["host"]),
        ("public_url = \"tv.example\"", &["public_url", "https://"]),
        ("this is no TOML", &["greenroom.toml"]),
    ] {
        std::fs::write(&file, text).expect("the file can be written");
        let serve = ["--config", path, "serve", "--rtmp", "127.0.0.1:0"];
        let failed = commands.run(&serve).await.failed(1);
        for named in named {
            assert!(
                failed.contains(named),
                "{text}: {named} is not named: {failed}"
            );
        }
        assert!(!failed.contains("panicked"), "{failed}");
    }
    for (name, value, named) in [
        ("GREENROOM_HTTP__ADDRESS", "here", "http.address"),
        ("GREENROOM_HTTP__COLOUR", "red", "colour"),
        ("GREENROOM_COLOUR", "red", "colour"),
    ] {
        let failed = commands
            .clone()
            .with(name, value)
            .run(&["serve"])
            .await
            .failed(1);
        assert!(failed.contains(named), "{name}: {failed}");
    }
    assert!(!commands.folder().exists(), "nothing was made");
    // The value of a secret is in no error.
    let secret = commands
        .clone()
        .with("GREENROOM_SECRETS__MASTER_KEY", "hunter2hunter2");
    let failed = secret.run(&["serve"]).await.failed(1);
    assert!(!failed.contains("hunter2"), "{failed}");
}

#[tokio::test]
async fn the_reference_is_a_configuration() {
    let (folder, commands) = commands().await;
    let reference = commands.run(&["config"]).await.done();
    assert!(reference.contains("[http]") && reference.contains("grace_seconds = 30"));
    let file = folder.path().join("greenroom.toml");
    let path = file.to_str().expect("the path is UTF-8");
    let text = reference
        .replace("0.0.0.0:8080", "127.0.0.1:0")
        .replace("0.0.0.0:1935", "127.0.0.1:0");
    std::fs::write(&file, text).expect("the file can be written");
    let fit = commands
        .run(&["--config", path, "--json", "doctor"])
        .await
        .json();
    assert_eq!(fit["fit"], true, "{fit}");
    let used = fit.to_string();
    assert!(used.contains("127.0.0.1:0"), "the file was read: {used}");
}

#[tokio::test]
async fn the_doctor_says_by_its_status_whether_a_server_can_run() {
    let (folder, commands) = commands().await;
    let free = commands
        .clone()
        .with("GREENROOM_HTTP__ADDRESS", "127.0.0.1:0")
        .with("GREENROOM_RTMP__ADDRESS", "127.0.0.1:0");
    let fit = free.run(&["doctor"]).await.done();
    assert!(
        fit.contains("good") && fit.contains("will be made"),
        "{fit}"
    );
    assert!(!commands.folder().exists(), "it changes nothing");

    let taken = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let unfit = free.clone().with("GREENROOM_HTTP__ADDRESS", &address);
    let unfit = unfit.run(&["--json", "doctor"]).await;
    assert_eq!(unfit.code, Some(1), "{unfit:?}");
    let findings: Value = serde_json::from_str(&unfit.stdout).expect("findings are JSON");
    let bad = findings["findings"].as_array().into_iter().flatten();
    let bad: Vec<_> = bad.filter(|finding| finding["is"] == "bad").collect();
    assert_eq!(bad.len(), 1, "{findings}");
    assert_eq!(bad[0]["what"], "http.address");
    assert_eq!(findings["fit"], false);

    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file can be made");
    let unfit = Commands::on(&file).await;
    let unfit = unfit.run(&["doctor"]).await;
    assert_eq!(unfit.code, Some(1), "{unfit:?}");
    assert!(unfit.stdout.contains("is not a folder"), "{unfit:?}");

    let server = Server::start().await;
    let beside = Commands::on(server.data_dir()).await;
    let beside = beside.run(&["doctor"]).await.done();
    assert!(beside.contains("one runs on this data folder"), "{beside}");
}

#[tokio::test]
async fn a_second_server_is_told_who_has_the_folder() {
    let server = Server::start().await;
    let commands = Commands::on(server.data_dir()).await;
    let second = ["serve", "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0"];
    let refused = commands.run(&second).await.failed(1);
    let holder = format!("process {}", server.id().expect("it runs"));
    assert!(
        refused.contains("is in use") && refused.contains(&holder),
        "{refused}"
    );
    // It took nothing from the first: its socket is still there.
    commands.run(&["user", "list"]).await.done();

    // A port that is taken is named, with its key.
    let other = tempfile::tempdir().expect("a folder can be made");
    let other = Commands::on(other.path().join("data")).await;
    let address = format!("127.0.0.1:{}", server.http_port());
    let refused = other
        .run(&["serve", "--http", &address, "--rtmp", "127.0.0.1:0"])
        .await;
    let refused = refused.failed(1);
    assert!(
        refused.contains(&address) && refused.contains("http.address"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_password_is_seen_by_nobody() {
    let (_folder, commands) = commands().await;
    // While it waits for the password, the process shows none, and it takes none as an argument.
    let mut child = commands
        .command(&["user", "create", "kim"])
        .spawn()
        .expect("the binary can be started");
    let id = child.id().expect("it runs");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin
        .write_all(PASSWORD.as_bytes())
        .await
        .expect("it reads");
    for file in ["cmdline", "environ"] {
        let shown = std::fs::read(format!("/proc/{id}/{file}")).expect("it runs");
        let shown = String::from_utf8_lossy(&shown).into_owned();
        assert!(!shown.contains(PASSWORD), "{file}: {shown}");
    }
    stdin.write_all(b"\n").await.expect("it reads");
    drop(stdin);
    let made = Outcome::of(&child.wait_with_output().await.expect("it ends"));
    let both = format!("{}{}", made.stdout, made.stderr);
    assert!(!both.contains(PASSWORD), "{both}");
    assert!(made.done().contains("username: kim"));
}

#[tokio::test]
async fn a_terminal_shows_no_password() {
    let (folder, commands) = commands().await;
    let command = format!(
        "{} --data-dir {} user create kim",
        tools::greenroom().await.display(),
        commands.folder().display()
    );
    // `script` runs it in a terminal of its own, and passes on what it shows.
    let mut terminal = tokio::process::Command::new("script")
        .args(["--quiet", "--return", "--flush", "--command", &command])
        .arg(folder.path().join("typescript"))
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("script (bsdutils) is there");
    let mut stdin = terminal.stdin.take().expect("standard input is piped");
    let mut stdout = terminal.stdout.take().expect("standard output is piped");
    let mut shown = String::new();
    let mut typed = false;
    let read = async {
        let mut bytes = [0; 4096];
        loop {
            let n = stdout.read(&mut bytes).await.unwrap_or(0);
            if n == 0 {
                break;
            }
            shown.push_str(&String::from_utf8_lossy(&bytes[..n]));
            if !typed && shown.contains("Password") {
                typed = true;
                stdin
                    .write_all(format!("{PASSWORD}\n").as_bytes())
                    .await
                    .expect("it reads");
            }
        }
    };
    tokio::time::timeout(LIMIT, read).await.expect("it ends");
    assert!(shown.contains("username: kim"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}
