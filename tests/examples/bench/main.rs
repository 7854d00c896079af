//! Figures beside the peers' in the same run: what `make bench` runs, after `scripts/bench` has
//! built and brought what it needs. `docs/performance.md` says how to read them.
//!
//! ```text
//! scripts/bench [ingest] [viewers] [chat] [graphql] [posts] [api] [start]
//! ```
//!
//! | variable | what |
//! | --- | --- |
//! | `MEDIAMTX` | a `MediaMTX` binary, to be measured as well |
//! | `BENCH_NGINX` | where Debian's nginx and its RTMP module were unpacked |
//! | `BENCH_SECONDS` | how long each figure is measured: 30 |
//! | `BENCH_VIEWERS` | how many viewers: 200 |
//!
//! Where something is pinned, the server has the first core and all else the second.

mod api;
mod chat;
mod graphql;
mod hls;
mod ingest;
mod peer;
mod posts;
mod process;
mod report;
mod source;
mod start;
mod viewers;

use std::io;
use std::time::Duration;

/// What our server runs with: its log as an operator would have it under load.
const QUIET: [(&str, &str); 2] = [
    ("GREENROOM_LOG__FILTER", "warn"),
    ("GREENROOM_STREAMS__GRACE_SECONDS", "30"),
];

/// How much is measured.
struct Options {
    time: Duration,
    viewers: u16,
}

impl Options {
    fn from_environment() -> io::Result<Self> {
        Ok(Self {
            time: Duration::from_secs(number("BENCH_SECONDS", 30)?.max(1)),
            viewers: u16::try_from(number("BENCH_VIEWERS", 200)?).map_err(io::Error::other)?,
        })
    }

    /// How long to wait until all is as usual: less when only trying out.
    fn settle(&self, time: Duration) -> Duration {
        time.min(self.time)
    }
}

fn number(name: &str, otherwise: u64) -> io::Result<u64> {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|error| io::Error::other(format!("{name}: {error}"))),
        Err(_) => Ok(otherwise),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let options = Options::from_environment()?;
    let mut figures: Vec<String> = std::env::args().skip(1).collect();
    if figures.is_empty() {
        figures = [
            "start", "posts", "api", "chat", "graphql", "viewers", "ingest",
        ]
        .map(str::to_owned)
        .into();
    }
    for figure in figures {
        match figure.as_str() {
            "ingest" => ingest::run(&options).await?,
            "viewers" => viewers::run(&options).await?,
            "chat" => chat::run(&options).await?,
            "graphql" => graphql::run(&options).await?,
            "api" => api::run(&options).await?,
            "posts" => posts::run(&options).await?,
            "start" => start::run(&options).await?,
            other => {
                let known = "ingest, viewers, chat, graphql, posts, api, start";
                let said = format!("{other} is no figure; there are {known}");
                return Err(io::Error::other(said));
            }
        }
    }
    Ok(())
}
