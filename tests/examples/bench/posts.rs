//! Durable chat posts: measured inside one process, by the example `chat_posts` of `greenroom`.

use std::io;

use greenroom_tests::tools;
use tokio::process::Command;

use crate::Options;

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    println!("\n== durable chat posts, aim ≥ 0.6 of the bare committer's");
    let folder = tools::workspace().join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let status = Command::new(tools::workspace().join("target/release/examples/chat_posts"))
        .arg((options.time.as_secs() / 10).max(1).to_string())
        .arg(folder)
        .kill_on_drop(true)
        .status()
        .await?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("chat_posts failed"))
    }
}
