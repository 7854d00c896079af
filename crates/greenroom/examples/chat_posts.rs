//! Durable chat posts a second with 64 writers through `chat::post`, on the store that the
//! platform opens, beside a bare committer that puts one key into sled.
//!
//! ```text
//! cargo run --release -p greenroom --example chat_posts -- [seconds] [folder]
//! ```
//!
//! They run by turns, for a disk is not equally fast all the time. The writers are users with
//! accounts. Nobody is too fast, and nobody listens: that is all in which this is not the whole.

#[path = "../../adapters-sled/examples/committer_bench/bare.rs"]
mod bare;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use greenroom::{App, Config, Platform};
use greenroom_app::account::become_creator;
use greenroom_app::account::register::{self, Register};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::chat::post::{self, Post};
use greenroom_domain::account::{Password, Role, Username};
use greenroom_domain::channel::{ChannelTitle, Handle};
use greenroom_domain::chat::ClientMessageId;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits};
use greenroom_domain::shared::store::StoreError;
use tokio_util::sync::CancellationToken;

use self::bare::{Failure, ROUNDS, WRITERS, bare_committer, measure, median};

/// In which nobody is too fast.
struct NoLimits;

#[async_trait]
impl RateLimits for NoLimits {
    async fn take(
        &self,
        _: &RateKey,
        _: Quota,
        _: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        Ok(Ok(()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().map_or(Ok(2), |text| text.parse())?;
    let time = Duration::from_secs(seconds);
    let folder = match args.next() {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    println!("{WRITERS} writers, {ROUNDS} rounds of {seconds} s each, 200 characters of text");
    let (mut bare, mut posts) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(bare_committer(&folder.path().join(format!("bare-{round}")), time).await?);
        posts.push(posted(&folder.path().join(format!("posts-{round}")), time).await?);
        println!(
            "  bare {:>7.0}/s   chat::post {:>7.0}/s   ratio {:.2}",
            bare[round],
            posts[round],
            posts[round] / bare[round]
        );
    }
    let (bare, posts) = (median(bare), median(posts));
    println!(
        "median: bare {bare:.0}/s, chat::post {posts:.0}/s, ratio {:.2}",
        posts / bare
    );
    Ok(())
}

async fn posted(folder: &Path, time: Duration) -> Result<f64, Failure> {
    let config = Config {
        data_dir: folder.to_owned(),
        ..Config::defaults()
    };
    let platform = Platform::open(config).await?;
    let opened = platform.app();
    let mut ports = opened.ports.clone();
    ports.rate_limits = Arc::new(NoLimits);
    let app = App::new(opened.node, ports, opened.settings.clone());
    app.start().await?;
    let (channel, writers) = people(&app).await?;
    let shutdown = CancellationToken::new();
    let address = NodeAddress::parse("http://localhost").ok_or("no address")?;
    let running = tokio::spawn(Arc::clone(&app).run(address, shutdown.clone()));
    let next = Arc::new(AtomicU64::new(0));
    let rate = measure(time, move |writer| {
        let (app, actor) = (
            Arc::clone(&app),
            writers[usize::try_from(writer).unwrap_or(0)],
        );
        let n = next.fetch_add(1, Ordering::Relaxed);
        async move {
            let post = Post {
                channel,
                text: "x".repeat(200),
                client_id: Some(ClientMessageId::parse(&format!("message-{n}"))?),
                reply_to: None,
            };
            post::execute(&app, &actor, post).await?;
            Ok(())
        }
    })
    .await?;
    shutdown.cancel();
    running.await?;
    Ok(rate)
}

/// A channel, and those who write to it.
async fn people(app: &Arc<App>) -> Result<(ChannelId, Vec<Actor>), Failure> {
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let register = Register {
            username: Username::parse(&format!("writer-{writer}"))?,
            display_name: None,
            password: Password::parse("a long enough password".to_owned())?,
            peer: None,
        };
        let user = register::execute(app, &Actor::Operator, register).await?;
        let (id, role) = (user.id, Role::User);
        writers.push(Actor::User { id, role });
    }
    let owner = writers[0];
    become_creator::execute(app, &owner).await?;
    let command = CreateChannel {
        handle: Handle::parse("bench")?,
        title: ChannelTitle::parse("Bench")?,
    };
    let channel = create::execute(app, &owner, command).await?;
    Ok((channel.value.id, writers))
}
