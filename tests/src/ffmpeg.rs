//! A real encoder: ffmpeg publishing a test picture and sound by RTMP, in real time.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};

use crate::child::Running;
use crate::tools;

/// What is published. Change what a test is about, keep the rest.
#[derive(Clone, Debug)]
pub struct Publish {
    /// How long; without it, until stopped.
    pub duration: Option<Duration>,
    /// Picture; `None` for sound alone.
    pub picture: Option<Picture>,
    /// Sound; `None` for a picture alone.
    pub sound: Option<Sound>,
    /// What is shown and heard.
    pub source: Source,
    /// The first timestamp, as of an encoder that has been running for a while.
    pub starts_at: Duration,
}

/// How the picture is encoded.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The codec; all but H.264 go by Enhanced RTMP.
    pub codec: VideoCodec,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Frames per second.
    pub rate: u32,
    /// Distance of key frames. OBS on "automatic" sends 8 s.
    pub gop: Duration,
    /// Most B-frames in a row.
    pub b_frames: u32,
}

/// How the sound is encoded.
#[derive(Clone, Debug)]
pub struct Sound {
    /// The codec; all but AAC go by Enhanced RTMP.
    pub codec: AudioCodec,
    /// Samples per second.
    pub rate: u32,
}

/// Codecs of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// AVC, by `libx264`.
    H264,
    /// H.265, by `libx265`.
    Hevc,
    /// AV1, by `libsvtav1`.
    Av1,
}

/// Codecs of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioCodec {
    /// AAC-LC.
    Aac,
    /// Opus.
    Opus,
}

/// What is shown and heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A moving pattern and a steady tone.
    Pattern,
    /// White for the first tenth of each second, with a beep; black and silent else.
    /// [`crate::probe::flashes_and_beeps`] measures it.
    FlashAndBeep,
}

impl Default for Publish {
    /// H.264 in 640×360 at 30 frames per second, key frames each second, and AAC.
    fn default() -> Self {
        Self {
            duration: None,
            picture: Some(Picture::default()),
            sound: Some(Sound::default()),
            source: Source::Pattern,
            starts_at: Duration::ZERO,
        }
    }
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            codec: VideoCodec::H264,
            size: (640, 360),
            rate: 30,
            gop: Duration::from_secs(1),
            b_frames: 0,
        }
    }
}

impl Default for Sound {
    fn default() -> Self {
        Self {
            codec: AudioCodec::Aac,
            rate: 48_000,
        }
    }
}

impl Publish {
    /// Starts to publish to `url` (`rtmp://host:port/live/key`).
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn to(&self, url: &str) -> Publisher {
        let mut command = if self.is_enhanced() {
            Command::new(tools::enhanced_ffmpeg())
        } else {
            Command::new("ffmpeg")
        };
        command.args(self.arguments()).arg(url).env("SVT_LOG", "1");
        let mut running = Running::start(command);
        let stdin = running.stdin();
        Publisher { running, stdin }
    }

    /// The same as an FLV file, made as fast as can be. Needs a `duration`.
    pub async fn record(&self) -> Vec<u8> {
        assert!(self.duration.is_some(), "a file has an end");
        let arguments = self.arguments();
        let output = Command::new("ffmpeg")
            .args(arguments.iter().filter(|argument| *argument != "-re"))
            .arg("pipe:1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = output.await.expect("ffmpeg can be started");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    fn is_enhanced(&self) -> bool {
        let picture = self
            .picture
            .as_ref()
            .is_some_and(|picture| picture.codec != VideoCodec::H264);
        let sound = self
            .sound
            .as_ref()
            .is_some_and(|sound| sound.codec != AudioCodec::Aac);
        picture || sound
    }

    fn arguments(&self) -> Vec<String> {
        let mut line = Line::default();
        line.push("-hide_banner -loglevel warning");
        if let Some(picture) = &self.picture {
            line.push("-re -f lavfi -i")
                .push_one(self.source.picture(picture));
        }
        if let Some(sound) = &self.sound {
            line.push("-re -f lavfi -i")
                .push_one(self.source.sound(sound));
        }
        if let Some(picture) = &self.picture {
            picture.encode(&mut line);
        }
        if let Some(sound) = &self.sound {
            line.push(match sound.codec {
                AudioCodec::Aac => "-c:a aac -b:a 96k",
                AudioCodec::Opus => "-c:a libopus -b:a 96k",
            });
        }
        if let Some(duration) = self.duration {
            line.push("-t").push_one(duration.as_secs_f64().to_string());
        }
        if self.starts_at > Duration::ZERO {
            line.push("-output_ts_offset")
                .push_one(self.starts_at.as_secs_f64().to_string());
        }
        line.push("-flvflags no_duration_filesize -f flv");
        line.0
    }
}

impl Picture {
    fn encode(&self, line: &mut Line) {
        let frames = (self.gop.as_secs_f64() * f64::from(self.rate)).round();
        match self.codec {
            VideoCodec::H264 => {
                line.push("-c:v libx264 -preset ultrafast -sc_threshold 0");
                line.push("-b:v 600k -maxrate 600k -bufsize 600k");
                line.push(&format!(
                    "-g {frames} -keyint_min {frames} -bf {}",
                    self.b_frames
                ));
            }
            VideoCodec::Hevc => {
                line.push("-c:v libx265 -preset ultrafast -b:v 600k -x265-params");
                line.push(&format!(
                    "log-level=error:keyint={frames}:min-keyint={frames}:scenecut=0:bframes={}",
                    self.b_frames
                ));
            }
            VideoCodec::Av1 => {
                line.push("-c:v libsvtav1 -preset 12 -b:v 600k -svtav1-params");
                line.push(&format!("scd=0:keyint={frames} -g {frames}"));
            }
        }
        line.push("-pix_fmt yuv420p");
    }
}

impl Source {
    fn picture(self, picture: &Picture) -> String {
        let Picture {
            size: (width, height),
            rate,
            ..
        } = picture;
        match self {
            Self::Pattern => format!("testsrc2=size={width}x{height}:rate={rate}"),
            Self::FlashAndBeep => format!(
                "color=color=black:size={width}x{height}:rate={rate},\
                 drawbox=color=white:thickness=fill:enable='lt(mod(t,1),0.1)'"
            ),
        }
    }

    fn sound(self, sound: &Sound) -> String {
        let rate = sound.rate;
        match self {
            Self::Pattern => format!("sine=frequency=440:sample_rate={rate}"),
            Self::FlashAndBeep => {
                format!("aevalsrc='if(lt(mod(t,1),0.1),0.5*sin(2*PI*1000*t),0)':sample_rate={rate}")
            }
        }
    }
}

/// Arguments of a command, written as they would be typed.
#[derive(Default)]
struct Line(Vec<String>);

impl Line {
    fn push(&mut self, words: &str) -> &mut Self {
        self.0.extend(words.split_whitespace().map(str::to_owned));
        self
    }

    fn push_one(&mut self, word: String) {
        self.0.push(word);
    }
}

/// A running encoder; dropping it kills it.
#[derive(Debug)]
pub struct Publisher {
    running: Running,
    stdin: Option<ChildStdin>,
}

impl Publisher {
    /// Ends as a person would, with the protocol's goodbye. Panics after 5 s.
    pub async fn stop(mut self) -> ExitStatus {
        if let Some(mut stdin) = self.stdin.take() {
            // A broken pipe says that it has ended already.
            stdin.write_all(b"q").await.ok();
        }
        self.ended(Duration::from_secs(5)).await
    }

    /// SIGKILL: the connection breaks without a goodbye.
    pub async fn kill(mut self) {
        self.running.kill().await;
    }

    /// Stops it without closing its connection, as a machine that hangs.
    pub fn freeze(&self) {
        tools::signal(self.id(), tools::Signal::STOP);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        tools::signal(self.id(), tools::Signal::CONT);
    }

    /// Waits until it ends by itself: its time is over, or the server closed.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let Some(status) = self.running.ended(limit).await else {
            panic!(
                "ffmpeg still publishes after {limit:?}:\n{}",
                self.stderr_tail()
            );
        };
        status
    }

    /// Whether it still publishes.
    pub fn is_running(&mut self) -> bool {
        self.running.is_running()
    }

    /// Its process id, to freeze it (SIGSTOP) or to measure it.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.id()
    }

    /// What it complained about last.
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        self.running.tail()
    }
}
