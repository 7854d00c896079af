//! A program whose client is generated from `api/openapi.json`: it compiles, and people get from
//! an account to an audience with it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::server::Server;
use greenroom_tests::tools;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

const LIMIT: Duration = Duration::from_secs(60);

/// The program beside the client that was generated for it just now.
async fn built() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let given = tools::client();
    for file in ["package.json", "tsconfig.json", "flow.ts"] {
        std::fs::copy(given.join(file), folder.path().join(file)).expect("it is there");
    }
    let packages = given.join("node_modules");
    std::os::unix::fs::symlink(&packages, folder.path().join("node_modules")).expect("a link");

    let mut generator = tool("openapi-ts", folder.path());
    generator
        .arg("--file")
        .arg(given.join("openapi-ts.config.mjs"))
        .env("DOCUMENT", tools::workspace().join("api/openapi.json"))
        .env("GENERATED", folder.path().join("generated"));
    done(generator).await;
    done(tool("tsc", folder.path())).await;
    folder
}

/// A program of the packages.
fn tool(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(tools::client().join("node_modules/.bin").join(name));
    command.current_dir(folder);
    command
}

async fn done(mut command: Command) {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
}

/// What the program says next.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
    let line = line.expect("it goes on").expect("text");
    serde_json::from_str(&line.expect("it has not failed")).expect("JSON")
}

#[tokio::test]
async fn a_generated_client_gets_from_an_account_to_an_audience() {
    let (folder, server) = tokio::join!(built(), Server::start());
    let mut program = Command::new("node")
        .arg(folder.path().join("built/flow.js"))
        .env("SERVER_URL", server.http())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed");
    let mut said = BufReader::new(program.stdout.take().expect("its output")).lines();

    let wanted = next(&mut said).await;
    let address = wanted["publish"].as_str().expect("an address");
    let _publisher = Publish::default().to(address);
    let done = next(&mut said).await;
    assert_eq!(
        done["done"],
        json!({
            "username": "kim",
            "creator": "approved",
            "keys": ["OBS active"],
            "channel": "kim",
            "joined": true,
            "playback": ["hls", "dash"],
            "said": ["Kim: hello"],
            "place": true,
            "refused": "USER_NOT_FOUND",
            "status": "ended",
        })
    );
    let ended = tokio::time::timeout(LIMIT, program.wait()).await;
    assert!(ended.expect("it ends").expect("it ran").success());
}
