//! The command line as clap reads it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// A live-streaming platform in one binary: encoders publish, people watch and chat.
#[derive(Parser)]
#[command(name = "greenroom", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Reads this configuration file (default: greenroom.toml in the data folder, if there).
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Keeps everything in this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Answers in JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs the server until Ctrl-C or SIGTERM.
    Serve(Serve),
    /// Brings the database's schema up to date.
    Migrate,
    /// Makes and changes accounts.
    #[command(subcommand)]
    User(User),
    /// Makes and shows channels and their stream keys.
    #[command(subcommand)]
    Channel(Channel),
    /// Shows a new bearer token for an account, for scripts.
    Token {
        /// Whose.
        username: String,
    },
    /// Writes everything that the store holds into a file, also while the server runs.
    ///
    /// Pictures that people uploaded are not in it: they are the folder "objects" in the data
    /// folder, to be copied as it is. Nor is the master key, under which its secrets are
    /// sealed: "secret.key" in the data folder, to be kept apart from the file.
    Export {
        /// Where to; "-" for standard output.
        file: PathBuf,
    },
    /// Fills an empty store, of whatever kind, with what was exported.
    ///
    /// The server must not run. All of the file is imported or nothing. The other store's
    /// "secret.key" has to be in the data folder (or in the configuration) before, and its
    /// folder "objects", with the pictures that people uploaded, is copied by hand.
    Import {
        /// Where from; "-" for standard input.
        file: PathBuf,
        /// The file is a backup, and what was written after it is lost: clients that have seen
        /// that begin anew, instead of going on where they were.
        #[arg(long)]
        restore: bool,
    },
    /// Looks whether this machine and configuration are fit to run a server.
    Doctor,
    /// Shows every configuration key with its meaning and default.
    Config,
}

#[derive(ClapArgs)]
pub(crate) struct Serve {
    /// Web, API and playback listen here.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Encoders publish here.
    #[arg(long, value_name = "ADDR")]
    pub(crate) rtmp: Option<SocketAddr>,
    /// Where people reach this server, such as `https://tv.example.org`.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Makes a channel named "demo" and lets ffmpeg publish a test picture to it.
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(Subcommand)]
pub(crate) enum User {
    /// Makes an account. The password is read from standard input.
    Create {
        username: String,
        /// As it is shown.
        #[arg(long)]
        display_name: Option<String>,
        /// May administer.
        #[arg(long)]
        admin: bool,
        /// May have a channel.
        #[arg(long)]
        creator: bool,
    },
    /// Lists accounts.
    List {
        /// Goes on behind this cursor.
        #[arg(long)]
        after: Option<String>,
    },
    /// Makes an administrator.
    Promote { username: String },
    /// Takes the administrator's role.
    Demote { username: String },
    /// Approves a creator.
    Approve { username: String },
    /// Suspends a creator; their live stream ends.
    Suspend { username: String },
    /// Sets another password, read from standard input; every session ends.
    Password { username: String },
}

#[derive(Subcommand)]
pub(crate) enum Channel {
    /// Makes a channel for an account, and approves it as a creator.
    Create {
        username: String,
        handle: String,
        /// What its streams are called.
        #[arg(long, default_value = "My stream")]
        title: String,
    },
    /// Shows a channel and its keys.
    Show { handle: String },
    /// Makes a stream key and shows it.
    Key {
        handle: String,
        /// What it is called.
        #[arg(long, default_value = "Encoder")]
        label: String,
    },
    /// Lets encoders in again after an administrator ended the stream.
    Unlock { handle: String },
}
