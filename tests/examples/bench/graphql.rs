//! Chat by GraphQL subscriptions, beside async-graphql's service as its book has it. Both servers
//! and the load are the example `graphql_load` of `greenroom-web`.

use std::io;
use std::process::Stdio;

use greenroom_tests::tools;
use tokio::process::Command;

use crate::report::{Aim, figure};
use crate::{Options, process};

const REST: usize = 1;

/// Subscribers, and how many messages are under way or sent each second.
const LOADS: [(u32, &str); 3] = [(500, "1"), (500, "full"), (2000, "20hz")];

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    println!("\n== chat by GraphQL subscriptions, kept by us and not by async-graphql's example");
    for (receivers, pace) in LOADS {
        let said = load(options, receivers, pace).await?;
        let of = |which: &str, unit: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(which))?;
            let (before, _) = line.split_once(unit)?;
            before.split_whitespace().last()?.parse::<f64>().ok()
        };
        for (what, unit, aim) in [
            ("", "CPU-s per million", Aim::Ratio(0.15)),
            (", memory each", "KiB", Aim::Most(12.0)),
        ] {
            let found = of("ours:", unit).zip(of("documented:", unit));
            let (ours, documented) =
                found.ok_or_else(|| io::Error::other("the load client says nothing"))?;
            figure(
                &format!("{receivers} subscribers, {pace}{what}"),
                unit,
                ours,
                Some(("documented service", documented)),
                &aim,
            );
        }
    }
    Ok(())
}

async fn load(options: &Options, receivers: u32, pace: &str) -> io::Result<String> {
    process::pin(REST)?;
    let client = Command::new(tools::workspace().join("target/release/examples/graphql_load"))
        .arg(receivers.to_string())
        .arg((options.time.as_secs() / 5).max(1).to_string())
        .arg(pace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    process::unpin()?;
    let output = client?.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(io::Error::other("the load client failed"));
    }
    Ok(said)
}
