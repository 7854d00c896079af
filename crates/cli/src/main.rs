//! The greenroom binary: a live-streaming platform in one command, and its operator's tools.

mod args;
mod commands;
mod failure;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::failure::Failure;

/// glibc's keeps what a crowd took for as long as the process lives; this one gives it back
/// within seconds of its going.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A thread keeps little for itself of what it frees: a worker that has nothing to do any more
/// would not give it back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "jemalloc looks for this name, which is its own")]
#[unsafe(export_name = "_rjem_malloc_conf")]
static SMALL_CACHES: &[u8; 67] =
    b"tcache_max:4096,tcache_nslots_small_max:20,lg_tcache_nslots_mul:-1\0";

fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.json;
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show(json);
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(commands::run(args));
    // A store that is closing is waited for; a stuck lookup is not.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    done
}
