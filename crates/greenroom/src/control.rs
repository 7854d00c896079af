//! `control.sock` in the data folder: the command line's way to a running server.
//!
//! One line of JSON in, one line out, or an archive where one is asked for. Only the folder's
//! owner can connect (mode 0600).

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use greenroom_app::App;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::archive::Exporter;
use crate::operator::{self, OperatorCommand};

/// The socket's name in the data folder.
pub const SOCKET: &str = "control.sock";
/// The longest command.
const LONGEST: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Operate(OperatorCommand),
    /// The whole store, as an archive.
    Export,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What is to be shown.
    Done(Value),
    /// Why it was not done.
    Refused(String),
}

/// Listens in the data folder. Whoever holds the folder's lock may take the place of a
/// socket that a killed server left behind.
pub fn listen(folder: &Path) -> io::Result<UnixListener> {
    let path = folder.join(SOCKET);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until shutdown.
pub(crate) async fn serve(
    listener: UnixListener,
    app: Arc<App>,
    exporter: Arc<Exporter>,
    shutdown: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (app, exporter) = (Arc::clone(&app), Arc::clone(&exporter));
                let answered = shutdown
                    .clone()
                    .run_until_cancelled_owned(answer(stream, app, exporter));
                tokio::spawn(async move {
                    if let Some(Err(error)) = answered.await {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "a command went unanswered"
                        );
                    }
                });
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "control.sock");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, app: Arc<App>, exporter: Arc<Exporter>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(LONGEST));
    timeout(PATIENCE, read.read_line(&mut line)).await??;
    let answer = match serde_json::from_str::<Request>(&line) {
        Err(error) => Answer::Refused(format!("not a command of this version: {error}")),
        Ok(Request::Operate(command)) => {
            match timeout(PATIENCE, operator::carry_out(&app, command)).await? {
                Ok(shown) => Answer::Done(shown),
                Err(error) => Answer::Refused(error.to_string()),
            }
        }
        // It waits for nobody for long by itself.
        Ok(Request::Export) => match exporter.export(&mut write, &mut |_| {}).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "an export was broken off");
                Answer::Refused(error.to_string())
            }
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    timeout(PATIENCE, write.write_all(&text)).await?
}

/// Asks the server that runs on this data folder; `None` when none does.
pub async fn ask(folder: &Path, command: OperatorCommand) -> io::Result<Option<Answer>> {
    let Some(read) = send(folder, &Request::Operate(command)).await? else {
        return Ok(None);
    };
    let mut line = String::new();
    BufReader::new(read).read_line(&mut line).await?;
    Ok(Some(serde_json::from_str(&line)?))
}

/// Lets the server that runs on this data folder export its store; `None` when none does.
pub async fn export(folder: &Path) -> io::Result<Option<BufReader<UnixStream>>> {
    let read = send(folder, &Request::Export).await?;
    Ok(read.map(BufReader::new))
}

async fn send(folder: &Path, request: &Request) -> io::Result<Option<UnixStream>> {
    let mut stream = match UnixStream::connect(folder.join(SOCKET)).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    Ok(Some(stream))
}
