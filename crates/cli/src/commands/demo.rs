//! `greenroom serve --demo`: a channel that is there, and a test picture on it.

use std::process::Stdio;
use std::sync::Arc;

use greenroom::operator::{self, OperatorCommand, OperatorError};
use greenroom::{App, Running};
use tokio::process::{Child, Command};

use crate::failure::Failure;

const NAME: &str = "demo";

/// A channel with a key that works.
pub(crate) struct Demo {
    secret: String,
}

/// Makes the channel where it is not there yet, and a new key.
pub(crate) async fn prepare(app: &Arc<App>) -> Result<Demo, Failure> {
    let text = str::to_owned;
    let account = OperatorCommand::CreateUser {
        username: text(NAME),
        // Nobody signs in to it: a password that nobody knows.
        password: operator::unknown_password(app),
        display_name: Some(text("Demo")),
        admin: false,
        creator: true,
    };
    let channel = OperatorCommand::CreateChannel {
        username: text(NAME),
        handle: text(NAME),
        title: text("A test picture with sound"),
    };
    for command in [account, channel] {
        match operator::carry_out(app, command).await {
            Ok(_) => {}
            Err(error) if is_there_already(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Demo {
        secret: operator::working_key(app, NAME).await?,
    })
}

impl Demo {
    /// Lets ffmpeg publish for as long as the answer is kept.
    pub(crate) fn publish(self, running: &Running, json: bool) -> Result<Child, Failure> {
        let Some(rtmp) = running.rtmp else {
            return Err("--demo needs the built-in media engine".into());
        };
        let url = format!("rtmp://127.0.0.1:{}/live/{}", rtmp.port(), self.secret);
        let child = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re"])
            .args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"])
            .args([
                "-f",
                "lavfi",
                "-i",
                "sine=frequency=440:beep_factor=4:sample_rate=48000",
            ])
            .args([
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-tune",
                "zerolatency",
                "-pix_fmt",
                "yuv420p",
            ])
            .args(["-g", "60", "-b:v", "2M", "-maxrate", "2M", "-bufsize", "2M"])
            .args(["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-f", "flv", &url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the demo needs ffmpeg: {error}"))?;
        if !json {
            println!(
                "  Demo:     {}/hls/{NAME}/index.m3u8 is live in a few seconds",
                running.public_url
            );
            println!(
                "            open it in VLC, Safari, or with: ffplay {}/hls/{NAME}/index.m3u8",
                running.public_url
            );
        }
        Ok(child)
    }
}

fn is_there_already(error: &OperatorError) -> bool {
    matches!(
        error,
        OperatorError::Refused(
            greenroom::Refusal::UsernameTaken
                | greenroom::Refusal::HandleTaken
                | greenroom::Refusal::ChannelExists
        )
    )
}
