//! Moving house: out of a running server, into a fresh folder, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use greenroom_testkit::servers::PostgresServer;
use greenroom_tests::chat::log;
use greenroom_tests::commands::{Commands, Outcome};
use greenroom_tests::server::{Channel, Server};
use greenroom_tests::{tools, wait};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

const LIMIT: Duration = Duration::from_secs(30);

/// A channel with a history: messages, one of them deleted, and somebody who is banned.
async fn inhabited(server: &Server) -> Channel {
    let channel = server.channel("kim").await;
    let (ann, id) = server.user("ann").await;
    let chat = "/api/v1/channels/kim/chat";
    let mut first = None;
    for n in 0..8 {
        let said = json!({ "text": format!("hello {n} 🦀"), "client_message_id": format!("m{n}") });
        let line = server.api_as(&ann).post(chat, &said).await.expect(201);
        first.get_or_insert(line["seq"].clone());
    }
    let first = first.expect("something was said");
    let deleted = server
        .api_as(&channel.token)
        .delete(&format!("{chat}/{first}"))
        .await;
    assert!(deleted.status < 300, "{deleted:?}");
    let ban = json!({ "kind": "ban", "reason": "spam" });
    let path = format!("/api/v1/channels/kim/chat/restrictions/user:{id}");
    let banned = server.api_as(&channel.token).put(&path, &ban).await;
    assert!(banned.status < 300, "{banned:?}");
    channel
}

/// What a visitor and the owner see.
async fn shown(server: &Server, owner: &str) -> Vec<Value> {
    let (visitor, owner) = (server.api(), server.api_as(owner));
    let mut shown = log(&visitor, "kim").await;
    for path in ["/api/v1/channels/kim", "/api/v1/users/ann"] {
        shown.push(visitor.get(path).await.expect(200));
    }
    for path in [
        "/api/v1/me",
        "/api/v1/channels/kim/keys",
        "/api/v1/channels/kim/chat/restrictions",
    ] {
        shown.push(owner.get(path).await.expect(200));
    }
    shown
}

/// A folder that no server has seen, but for the master key of this one.
fn new_house(of: &Server) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let key = of.data_dir().join("secret.key");
    fs::copy(key, folder.path().join("secret.key")).expect("a key that can be copied");
    folder
}

async fn export(commands: &Commands, file: &Path) -> Value {
    commands.run(&["--json", "export", text(file)]).await.json()
}

async fn import(commands: &Commands, file: &Path) -> Outcome {
    commands.run(&["--json", "import", text(file)]).await
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder that can be read");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_house_is_moved_while_people_are_in_it() {
    let mut server = Server::start().await;
    let channel = inhabited(&server).await;
    let before = shown(&server, &channel.token).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("house.ndjson");
    let exported = export(&Commands::on(server.data_dir()).await, &file).await;
    assert_eq!(exported["exported"]["channels"], 1, "{exported}");
    assert_eq!(
        files_in(folder.path()),
        std::slice::from_ref(&file),
        "nothing else is left"
    );
    let mode = fs::metadata(&file)
        .expect("the file is there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let archive = fs::read_to_string(&file).expect("an archive is text");
    assert!(!archive.contains(&channel.key), "no key is in it");
    assert!(!archive.contains("hello 0"), "no deleted message is in it");
    assert!(archive.contains("hello 1"));
    server.stop().await;

    let house = new_house(&server);
    let commands = Commands::on(house.path()).await;
    let imported = import(&commands, &file).await.json();
    assert_eq!(imported["imported"], exported["exported"]);
    assert_eq!(imported["content"], exported["content"]);
    // Once more out of the new one, with nobody in it.
    let again = folder.path().join("again.ndjson");
    assert_eq!(export(&commands, &again).await, exported);

    // The server moves in: its folder is the new house.
    fs::remove_dir_all(server.data_dir()).expect("the old house is torn down");
    fs::rename(house.path(), server.data_dir()).expect("and the new one is in its place");
    server.restart().await;
    assert_eq!(shown(&server, &channel.token).await, before);
    // The key is shown to its owner: it was sealed, and still opens.
    let revealed = server.api_as(&channel.token);
    let path = format!("/api/v1/keys/{}/secret", channel.key_id);
    let revealed = revealed.get(&path).await;
    assert!(
        revealed.status == 200 && revealed.json.to_string().contains(&channel.key),
        "{revealed:?}"
    );
    let said = json!({ "text": "at home" });
    let line = server
        .api_as(&channel.token)
        .post("/api/v1/channels/kim/chat", &said)
        .await;
    let head = before.iter().filter_map(|line| line["seq"].as_u64()).max();
    assert_eq!(line.expect(201)["seq"].as_u64(), head.map(|seq| seq + 1));
}

#[tokio::test]
async fn a_house_is_moved_into_a_database_and_back() {
    let mut server = Server::start().await;
    let channel = inhabited(&server).await;
    let before = log(&server.api(), "kim").await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("house.ndjson");
    let exported = export(&Commands::on(server.data_dir()).await, &file).await;
    server.stop().await;

    let started = tokio::task::spawn_blocking(|| {
        let postgres = PostgresServer::start();
        (postgres.database(), postgres)
    });
    let (database, _postgres) = started.await.expect("a database for the test");
    let key = fs::read_to_string(server.data_dir().join("secret.key")).expect("a key");
    let environment = [
        ("GREENROOM_STORE", "postgres"),
        ("GREENROOM_POSTGRES__URL", database.url()),
        ("GREENROOM_SECRETS__MASTER_KEY", key.trim()),
    ];
    let house = tempfile::tempdir().expect("a folder can be made");
    let mut commands = Commands::on(house.path()).await;
    for (name, value) in environment {
        commands = commands.with(name, value);
    }
    let imported = import(&commands, &file).await.json();
    assert_eq!(imported["imported"], exported["exported"]);
    assert_eq!(imported["content"], exported["content"]);
    let refused = import(&commands, &file).await.failed(1);
    assert!(refused.contains("not empty"), "{refused}");

    // Life goes on there.
    let mut there = Server::start_with(&environment).await;
    assert_eq!(log(&there.api(), "kim").await, before);
    let said = json!({ "text": "in a database" });
    let owner = there.api_as(&channel.token);
    let said = owner.post("/api/v1/channels/kim/chat", &said).await;
    said.expect(201);
    // A node that runs would not notice that its database is another.
    let refused = import(&commands, &file).await.failed(1);
    assert!(refused.contains("a node runs"), "{refused}");
    // An export is made beside it.
    export(&commands, &file).await;
    let later = log(&there.api(), "kim").await;
    there.stop().await;

    // And back, with all that was said.
    let exported = export(&commands, &file).await;
    let home = new_house(&server);
    let imported = import(&Commands::on(home.path()).await, &file).await.json();
    assert_eq!(imported["content"], exported["content"]);
    fs::remove_dir_all(server.data_dir()).expect("the old house is torn down");
    fs::rename(home.path(), server.data_dir()).expect("and the new one is in its place");
    server.restart().await;
    assert_eq!(log(&server.api(), "kim").await, later);
}

#[tokio::test]
async fn an_archive_goes_through_a_pipe() {
    let server = Server::start().await;
    inhabited(&server).await;
    let piped = Commands::on(server.data_dir())
        .await
        .run(&["--json", "export", "-"])
        .await;
    let summary: Value = serde_json::from_str(&piped.stderr).expect("a summary");
    let archive = piped.done();
    let house = new_house(&server);
    let imported = Commands::on(house.path()).await;
    let imported = imported
        .run_with(&["--json", "import", "-"], archive.trim_end())
        .await
        .json();
    assert_eq!(imported["content"], summary["content"]);
}

#[tokio::test]
async fn what_cannot_be_imported_says_why_and_changes_nothing() {
    let mut server = Server::start().await;
    inhabited(&server).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("house.ndjson");
    let there = Commands::on(server.data_dir()).await;
    let exported = export(&there, &file).await;

    // Into a store that a server has, and into one that holds something.
    let refused = import(&there, &file).await.failed(1);
    assert!(refused.contains("in use by process"), "{refused}");
    server.stop().await;
    let refused = import(&there, &file).await.failed(1);
    assert!(refused.contains("not empty"), "{refused}");
    assert_eq!(export(&there, &file).await["content"], exported["content"]);

    // Torn, changed, and something else.
    let house = new_house(&server);
    let here = Commands::on(house.path()).await;
    let archive = fs::read_to_string(&file).expect("an archive is text");
    let other = folder.path().join("other.ndjson");
    for (content, why) in [
        (archive[..archive.len() / 2].to_owned(), "breaks off"),
        (archive.replace("hello 1", "hullo 1"), "checksum"),
        (
            archive.replace("{\"format\":1", "{\"format\":9"),
            "format 9",
        ),
        ("no archive".to_owned(), "no archive"),
    ] {
        fs::write(&other, content).expect("a file can be written");
        let refused = import(&here, &other).await.failed(1);
        assert!(refused.contains(why), "{why}: {refused}");
    }

    // Under another master key, or none.
    fs::write(house.path().join("secret.key"), "ab".repeat(32)).expect("a key can be written");
    let refused = import(&here, &file).await.failed(1);
    assert!(refused.contains("secret.key"), "{refused}");
    fs::remove_file(house.path().join("secret.key")).expect("a key can be removed");
    let refused = import(&here, &file).await.failed(1);
    assert!(refused.contains("has none"), "{refused}");

    // After all that it is as empty as before.
    fs::copy(
        server.data_dir().join("secret.key"),
        house.path().join("secret.key"),
    )
    .expect("a key that can be copied");
    let imported = import(&here, &file).await.json();
    assert_eq!(imported["content"], exported["content"]);
}

#[tokio::test]
async fn an_import_that_is_killed_says_what_to_do() {
    let mut server = Server::start().await;
    inhabited(&server).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("house.ndjson");
    let exported = export(&Commands::on(server.data_dir()).await, &file).await;
    server.stop().await;

    let archive = fs::read_to_string(&file).expect("an archive is text");
    let (half, _) = archive.split_at(archive.len() / 2);
    let house = new_house(&server);
    let commands = Commands::on(house.path()).await;
    let mut importing = commands
        .command(&["import", "-"])
        .spawn()
        .expect("it can be started");
    let mut stdin = importing.stdin.take().expect("standard input is piped");
    stdin.write_all(half.as_bytes()).await.expect("it reads");
    let begun = house.path().join("store.importing");
    wait::until("the import has begun", LIMIT, async || {
        begun.exists().then_some(())
    })
    .await;
    importing.kill().await.expect("a child can be killed");

    let refused = commands.run(&["--json", "user", "list"]).await.failed(1);
    assert!(
        refused.contains("run it again") && refused.contains("store.importing"),
        "{refused}"
    );
    let imported = import(&commands, &file).await.json();
    assert_eq!(imported["content"], exported["content"]);
    let users = commands.run(&["--json", "user", "list"]).await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(2), "{users}");
}

#[tokio::test]
async fn an_interrupted_import_leaves_nothing() {
    let server = Server::start().await;
    inhabited(&server).await;
    let archive = Commands::on(server.data_dir())
        .await
        .run(&["export", "-"])
        .await
        .done();
    let house = new_house(&server);
    let commands = Commands::on(house.path()).await;
    let mut importing = commands
        .command(&["import", "-"])
        .spawn()
        .expect("it can be started");
    let mut stdin = importing.stdin.take().expect("standard input is piped");
    let (half, _) = archive.split_at(archive.len() / 2);
    stdin.write_all(half.as_bytes()).await.expect("it reads");
    let begun = house.path().join("store.importing");
    wait::until("the import has begun", LIMIT, async || {
        begun.exists().then_some(())
    })
    .await;
    tools::signal(importing.id(), tools::Signal::INT);
    let ended = tokio::time::timeout(LIMIT, importing.wait_with_output()).await;
    let ended = Outcome::of(&ended.expect("it ends").expect("it can be waited for"));
    assert!(ended.failed(1).contains("interrupted"));
    assert!(!begun.exists());
    let users = commands.run(&["--json", "user", "list"]).await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(0), "{users}");
}

#[tokio::test]
async fn a_backup_is_made_by_itself_and_is_the_way_back() {
    let mut server = Server::start_with(&[("GREENROOM_BACKUP__EVERY_HOURS", "1")]).await;
    let backups = server.data_dir().join("backups");
    let made = || {
        let files = fs::read_dir(&backups).into_iter().flatten().flatten();
        let mut files: Vec<_> = files.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|it| it == "ndjson"));
        files.pop()
    };
    // The first at once, for there is none; the next after this one is too old.
    let first = wait::until("a backup", LIMIT, async || made()).await;
    inhabited(&server).await;
    server.stop().await;
    fs::remove_file(first).expect("a backup can be removed");
    server.restart().await;
    let backup = wait::until("a backup", LIMIT, async || made()).await;
    wait::until("it is told", LIMIT, async || {
        server.has_logged("the store was backed up").then_some(())
    })
    .await;
    server.kill().await;

    // The store is damaged: who starts it is told of the backup, which holds all of it.
    let store = server.data_dir().join("store");
    fs::write(store.join("conf"), "no longer sled's").expect("a file can be written");
    let commands = Commands::on(server.data_dir()).await;
    let refused = commands.run(&["--json", "user", "list"]).await.failed(1);
    assert!(refused.contains(text(&backup)), "{refused}");
    fs::rename(&store, server.data_dir().join("damaged")).expect("it is moved away");
    let restore = ["--json", "import", "--restore", text(&backup)];
    commands.run(&restore).await.json();
    server.restart().await;
    assert_eq!(log(&server.api(), "kim").await.len(), 10);
}
