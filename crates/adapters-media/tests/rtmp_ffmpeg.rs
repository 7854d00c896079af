//! A real encoder: ffmpeg publishes to a session behind a plain socket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use greenroom_adapters_media::codec::MediaParams;
use greenroom_adapters_media::frame::{Frame, TrackKind};
use greenroom_adapters_media::ingest::{Ingest, Ingested};
use greenroom_adapters_media::rtmp::{Event, Limits, Refusal, Session, Stage};

/// What arrived until the encoder left.
#[derive(Default)]
struct Published {
    key: String,
    configs: Vec<String>,
    sizes: Vec<MediaParams>,
    frames: Vec<Frame>,
    encoder: Option<String>,
    ended: bool,
    refused: bool,
}

/// Serves one connection on a thread's socket.
fn serve(mut socket: TcpStream, refuse: Option<Refusal>) -> Published {
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).unwrap();
    let mut published = Published::default();
    let mut session = Session::new(Limits::default());
    let mut ingest = Ingest::new();
    let mut input = BytesMut::new();
    let mut read = vec![0; 64 * 1024];
    loop {
        while let Some(event) = session.poll(&mut input).unwrap() {
            if let Event::PublishRequested { key, .. } = &event {
                key.expose().clone_into(&mut published.key);
                match refuse {
                    Some(refusal) => session.refuse_publish(refusal),
                    None => session.accept_publish(),
                }
            }
            match ingest.receive(event).unwrap() {
                Some(Ingested::Config(config)) => {
                    published.configs.push(config.rfc6381.clone());
                    published.sizes.push(config.media);
                }
                Some(Ingested::Frame(frame)) => published.frames.push(frame),
                Some(Ingested::Metadata(metadata)) => published.encoder = metadata.encoder,
                Some(Ingested::Ended) => published.ended = true,
                None => {}
            }
        }
        socket.write_all(&session.take_output()).unwrap();
        if session.stage() == Stage::Closed {
            published.refused = true;
            return published;
        }
        match socket.read(&mut read) {
            Ok(0) | Err(_) => return published,
            Ok(count) => input.extend_from_slice(&read[..count]),
        }
    }
}

/// Ends the encoder with the test, however that goes.
struct Encoder(Child);

impl Drop for Encoder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn publish(arguments: &str, refuse: Option<Refusal>) -> Published {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let mut encoder = Encoder(
        Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostdin"])
            .args(arguments.split_whitespace())
            .args(["-f", "flv", &format!("rtmp://{address}/live/a-key?x=y")])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ffmpeg is installed"),
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    let socket = loop {
        match listener.accept() {
            Ok((socket, _)) => break socket,
            Err(_) => {
                assert!(Instant::now() < deadline, "ffmpeg does not connect");
                if let Some(status) = encoder.0.try_wait().unwrap() {
                    panic!("ffmpeg ended without connecting: {status}");
                }
                std::thread::yield_now();
            }
        }
    };
    socket.set_nonblocking(false).unwrap();
    serve(socket, refuse)
}

fn of(published: &Published, track: TrackKind) -> Vec<&Frame> {
    published
        .frames
        .iter()
        .filter(|frame| frame.track == track)
        .collect()
}

#[test]
fn picture_with_b_frames_and_sound_arrive_complete_and_on_time() {
    let published = publish(
        "-f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=sample_rate=48000 -t 4 \
         -c:v libx264 -preset ultrafast -bf 2 -g 60 -sc_threshold 0 -pix_fmt yuv420p \
         -c:a aac -ac 2",
        None,
    );
    assert_eq!(published.key, "a-key");
    assert!(published.ended, "ffmpeg says goodbye");
    assert!(published.encoder.unwrap_or_default().starts_with("Lavf"));
    assert_eq!(published.configs.len(), 2);
    assert!(published.configs[0].starts_with("avc1."));
    assert_eq!(published.configs[1], "mp4a.40.2");
    assert_eq!(
        published.sizes,
        [
            MediaParams::Video {
                width: 640,
                height: 360,
                frame_rate: Some(30.0)
            },
            MediaParams::Audio {
                sample_rate: 48_000,
                channels: 2,
                samples_per_frame: 1024
            }
        ]
    );

    let frames = &published.frames;
    let video: Vec<_> = frames
        .iter()
        .filter(|frame| frame.track == TrackKind::Video)
        .collect();
    assert_eq!(video.len(), 120);
    assert!(
        video
            .windows(2)
            .all(|w| (33..=34).contains(&(w[1].dts - w[0].dts)))
    );
    let keys: Vec<usize> = (0..video.len()).filter(|&n| video[n].keyframe).collect();
    assert_eq!(keys, [0, 60]);
    // With B-frames the order of decoding is not the order of presentation; put
    // in order, the presentation times are as even as the pictures.
    let mut shown: Vec<i64> = video.iter().map(|f| f.dts + i64::from(f.cts)).collect();
    assert!(!shown.is_sorted());
    shown.sort_unstable();
    assert!(shown.windows(2).all(|w| (33..=34).contains(&(w[1] - w[0]))));

    let audio: Vec<_> = frames
        .iter()
        .filter(|frame| frame.track == TrackKind::Audio)
        .collect();
    // Four seconds of 1024 samples, and the encoder's priming.
    assert!((188..=190).contains(&audio.len()), "{}", audio.len());
    let length = audio[audio.len() - 1].dts - audio[0].dts;
    let frames = i64::try_from(audio.len()).unwrap();
    let expected = (frames - 1) * 1024 * 1000 / 48_000;
    assert!(
        (length - expected).abs() <= 2,
        "{length} ms, not {expected}"
    );
}

#[test]
fn ten_seconds_of_silence_stay_ten_seconds() {
    // Frames of equal length at equal distance: headers of format 3 alone.
    let published = publish(
        "-f lavfi -i anullsrc=r=48000:cl=stereo -t 10 -c:a aac -b:a 32k",
        None,
    );
    let audio = of(&published, TrackKind::Audio);
    assert_eq!(published.frames.len(), audio.len());
    let length = audio[audio.len() - 1].dts - audio[0].dts;
    assert!((9_960..=10_010).contains(&length), "{length} ms");
}

#[test]
fn a_refused_encoder_gives_up() {
    let published = publish(
        "-re -f lavfi -i sine=sample_rate=48000 -t 20 -c:a aac",
        Some(Refusal::BadName),
    );
    assert!(published.refused);
    assert!(published.frames.is_empty());
}
