//! What an encoder would send, read from an FLV file that ffmpeg made.

use bytes::{Buf as _, Bytes};
use greenroom_adapters_media::codec::CodecConfig;
use greenroom_adapters_media::flv::{self, Tag};
use greenroom_adapters_media::frame::{Frame, TrackKind};
use std::path::Path;
use std::process::Command;

/// One thing an encoder sends.
pub(crate) enum Sent {
    Config(CodecConfig),
    Frame(Frame),
}

/// Runs ffmpeg (or ffprobe) and answers what it printed; panics when it reports any error.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(["-hide_banner", "-v", "error"])
        .args(arguments)
        .output()
        .expect("ffmpeg and ffprobe are needed by these tests");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && errors.is_empty(),
        "{program} {arguments:?}: {errors}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Encodes pictures with B-frames and sound; a flash and a beep begin at every whole second.
pub(crate) fn encode(folder: &Path, seconds: u32, group: u32) -> Vec<Sent> {
    let file = folder.join("in.flv");
    let picture =
        "color=black:size=320x180:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)'";
    let sound = "aevalsrc='if(lt(mod(t,1),0.2),sin(2*PI*1000*t),0)':sample_rate=44100";
    run(
        "ffmpeg",
        &[
            "-y",
            "-f",
            "lavfi",
            "-i",
            picture,
            "-f",
            "lavfi",
            "-i",
            sound,
            "-t",
            &seconds.to_string(),
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-bf",
            "2",
            "-g",
            &group.to_string(),
            "-keyint_min",
            &group.to_string(),
            "-sc_threshold",
            "0",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-b:a",
            "96k",
            "-f",
            "flv",
            file.to_str().expect("a UTF-8 path"),
        ],
    );
    read_flv(&std::fs::read(&file).expect("ffmpeg wrote it"))
}

/// The tags of an FLV file (Adobe FLV 10.1, annex E).
pub(crate) fn read_flv(file: &[u8]) -> Vec<Sent> {
    let mut rest = Bytes::copy_from_slice(file);
    rest.advance(9 + 4);
    let mut sent = Vec::new();
    while rest.len() >= 11 {
        let kind = rest.get_u8();
        let size = usize::try_from(rest.get_uint(3)).expect("24 bits");
        let low = i64::try_from(rest.get_uint(3)).expect("24 bits");
        let dts = i64::from(rest.get_u8()) << 24 | low;
        rest.advance(3);
        let body = rest.split_to(size);
        rest.advance(4);
        let (track, tag) = match kind {
            8 => (TrackKind::Audio, flv::audio(body)),
            9 => (TrackKind::Video, flv::video(body)),
            _ => continue,
        };
        match tag.expect("ffmpeg writes what we carry") {
            Tag::Config(config) => sent.push(Sent::Config(config)),
            Tag::Frame(frame) => sent.push(Sent::Frame(Frame {
                track,
                dts,
                cts: frame.cts,
                keyframe: frame.keyframe,
                data: frame.data,
            })),
            _ => {}
        }
    }
    sent
}
