//! `greenroom doctor`: looks, changes nothing.

use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;

use greenroom::control::{self, SOCKET};
use greenroom::{Config, MediaKind, OpenError, Platform, StoreKind};
use serde_json::json;
use tokio::net::{TcpListener, UnixStream};

use crate::failure::Failure;

struct Finding {
    what: &'static str,
    is: Health,
    detail: String,
}

enum Health {
    Good,
    /// Works, but less well than it could.
    Lacking,
    Bad,
}

pub(crate) async fn run(config: &Config, json: bool) -> Result<(), Failure> {
    let mut findings = vec![data_folder(config), ffmpeg()];
    if config.store == StoreKind::Postgres {
        findings.push(database(config).await);
        findings.push(redis(config).await);
    }
    if config.media == MediaKind::LiveKit {
        findings.push(livekit(config).await);
    }
    let running = UnixStream::connect(config.data_dir.join(control::SOCKET))
        .await
        .is_ok();
    if running {
        findings.push(Finding {
            what: "server",
            is: Health::Good,
            detail: format!("one runs on this data folder ({SOCKET} answers)"),
        });
    } else {
        findings.push(port("http.address", config.http.address).await);
        if config.media == MediaKind::BuiltIn {
            findings.push(port("rtmp.address", config.rtmp.address).await);
        }
    }
    findings.push(open_files());
    let bad = findings
        .iter()
        .any(|finding| matches!(finding.is, Health::Bad));
    if json {
        let findings: Vec<_> = findings
            .iter()
            .map(|f| json!({ "what": f.what, "is": f.is.name(), "detail": f.detail }))
            .collect();
        println!("{}", json!({ "fit": !bad, "findings": findings }));
    } else {
        for finding in &findings {
            println!(
                "{:<8} {:<14} {}",
                finding.is.name(),
                finding.what,
                finding.detail
            );
        }
    }
    if bad {
        Err("this is not fit to run a server yet; see above".into())
    } else {
        Ok(())
    }
}

impl Health {
    fn name(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Lacking => "lacking",
            Self::Bad => "bad",
        }
    }
}

fn data_folder(config: &Config) -> Finding {
    let folder = &config.data_dir;
    let (is, detail) = match (config.store, std::fs::metadata(folder)) {
        (StoreKind::Memory, _) => (
            Health::Lacking,
            "nothing is kept: store = \"memory\"".to_owned(),
        ),
        (_, Ok(found)) if !found.is_dir() => {
            (Health::Bad, format!("{} is not a folder", folder.display()))
        }
        (_, Ok(found)) if found.permissions().readonly() => (
            Health::Bad,
            format!("{} cannot be written", folder.display()),
        ),
        (_, Ok(_)) => (Health::Good, folder.display().to_string()),
        (_, Err(_)) => (Health::Good, format!("{} will be made", folder.display())),
    };
    Finding {
        what: "data folder",
        is,
        detail,
    }
}

async fn database(config: &Config) -> Finding {
    let (is, detail) = match Platform::reach_database(config).await {
        Ok(()) => (
            Health::Good,
            "answers, and its schema is up to date".to_owned(),
        ),
        // The server does it at its start.
        Err(OpenError::Database(greenroom::PgOpenError::Older)) if config.postgres.migrate => {
            let detail = "answers; the schema will be brought up to date";
            (Health::Good, detail.to_owned())
        }
        Err(error) => (Health::Bad, chain(&error)),
    };
    Finding {
        what: "database",
        is,
        detail,
    }
}

async fn redis(config: &Config) -> Finding {
    let (is, detail) = if config.redis.url.is_empty() {
        let detail = "none is configured; this has to be the only node on the database";
        (Health::Good, detail.to_owned())
    } else {
        match Platform::reach_redis(config).await {
            Ok(()) => (Health::Good, "answers".to_owned()),
            Err(error) => (Health::Bad, chain(&error)),
        }
    };
    Finding {
        what: "redis",
        is,
        detail,
    }
}

async fn livekit(config: &Config) -> Finding {
    let (is, detail) = match config.check_media().await {
        Ok(()) => (Health::Good, "answers, and takes the key".to_owned()),
        Err(error) => (Health::Bad, chain(&error)),
    };
    Finding {
        what: "livekit",
        is,
        detail,
    }
}

/// An error and what it comes from, in one line.
fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said.push_str(": ");
        said.push_str(&error.to_string());
        source = error.source();
    }
    said
}

fn ffmpeg() -> Finding {
    let version = Command::new("ffmpeg")
        .arg("-version")
        .output()
        .ok()
        .filter(|output| output.status.success());
    let first_line = version.and_then(|output| {
        Some(
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .next()?
                .to_owned(),
        )
    });
    match first_line {
        Some(line) => Finding {
            what: "ffmpeg",
            is: Health::Good,
            detail: line,
        },
        None => Finding {
            what: "ffmpeg",
            is: Health::Lacking,
            detail: "not found; only --demo needs it".to_owned(),
        },
    }
}

async fn port(what: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding {
            what,
            is: Health::Good,
            detail: format!("{address} is free"),
        },
        Err(error) => Finding {
            what,
            is: Health::Bad,
            detail: format!("{address}: {error}"),
        },
    }
}

fn open_files() -> Finding {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits.lines().find_map(|line| {
        line.strip_prefix("Max open files")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    match soft {
        Some(soft) if soft < 4096 => {
            let detail = format!("{soft}: each viewer takes one; raise it with ulimit -n 65536");
            Finding {
                what: "open files",
                is: Health::Lacking,
                detail,
            }
        }
        Some(soft) => Finding {
            what: "open files",
            is: Health::Good,
            detail: soft.to_string(),
        },
        None => Finding {
            what: "open files",
            is: Health::Good,
            detail: "no limit is known".to_owned(),
        },
    }
}
