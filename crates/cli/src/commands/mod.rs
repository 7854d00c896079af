//! The commands.

mod archive;
mod demo;
mod doctor;
mod migrate;
mod operate;
mod password;
mod serve;

use greenroom::archive::Purpose;
use greenroom::{Address, Config, Flags};

use crate::args::{Args, Command};
use crate::failure::Failure;

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let mut flags = Flags {
        data_dir: args.data_dir,
        ..Flags::default()
    };
    if let Command::Serve(serve) = &args.command {
        flags.http = serve.http.map(|address| Address { address });
        flags.rtmp = serve.rtmp.map(|address| Address { address });
        flags.public_url.clone_from(&serve.public_url);
    }
    if matches!(args.command, Command::Config) {
        print!("{}", greenroom::REFERENCE);
        return Ok(());
    }
    let config = Config::load(args.config.as_deref(), &flags)?;
    match args.command {
        Command::Serve(serve) => serve::run(config, serve.demo, args.json).await,
        Command::Export { file } => archive::export(config, &file, args.json).await,
        Command::Import { file, restore } => {
            let purpose = if restore {
                Purpose::Restore
            } else {
                Purpose::Move
            };
            archive::import(&config, &file, purpose, args.json).await
        }
        Command::Migrate => migrate::run(&config, args.json).await,
        Command::Doctor => doctor::run(&config, args.json).await,
        Command::Config => Ok(()),
        Command::User(user) => operate::run(config, operate::user(user)?, args.json).await,
        Command::Channel(channel) => {
            operate::run(config, operate::channel(channel), args.json).await
        }
        Command::Token { username } => {
            operate::run(config, operate::token(username), args.json).await
        }
    }
}
