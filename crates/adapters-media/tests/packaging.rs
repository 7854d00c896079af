//! The packaging, read by a real demuxer and decoder.

mod support;

use bytes::Bytes;
use greenroom_adapters_media::cmaf::{Limits, Packager};
use greenroom_adapters_media::dash;
use greenroom_adapters_media::frame::TrackKind;
use greenroom_adapters_media::hls::{GrantName, Resource, multivariant_playlist};
use std::fs;
use std::path::Path;
use support::{Sent, encode, run};

const NOW: i64 = 1_780_000_000_000;

fn package(sent: Vec<Sent>) -> Packager {
    let mut packager = Packager::new(Limits::default(), NOW);
    for sent in sent {
        match sent {
            Sent::Config(config) => packager.config(config),
            Sent::Frame(frame) => {
                let now = NOW + frame.dts;
                let _ = packager.frame(frame, now).expect("an ordinary stream");
            }
        }
    }
    packager
}

/// Writes everything that can be fetched, by its name.
fn publish(packager: &Packager, folder: &Path) {
    let grant = GrantName::parse("grant").expect("a good name");
    let below = folder.join("g/grant");
    let write = |resource: Resource, bytes: &[Bytes]| {
        let path = below.join(resource.to_string());
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes.concat()).expect("written");
    };
    let target = packager.target().expect("published");
    for track in [TrackKind::Video, TrackKind::Audio] {
        let Some(rendition) = packager.rendition(track) else {
            continue;
        };
        let playlist = packager.playlist(track, target).expect("rendered");
        write(Resource::Playlist { track, target }, &[playlist]);
        for segment in rendition.segments() {
            let bytes: Vec<Bytes> = segment.parts.iter().map(|part| part.data.clone()).collect();
            write(
                Resource::Segment {
                    track,
                    number: segment.number,
                },
                &bytes,
            );
            write(
                Resource::SegmentAt {
                    track,
                    start: segment.start,
                },
                &bytes,
            );
            for (part, data) in bytes.iter().enumerate() {
                write(
                    Resource::Part {
                        track,
                        number: segment.number,
                        part,
                    },
                    std::slice::from_ref(data),
                );
            }
            if let Some(version) = segment.init {
                write(
                    Resource::Init { track, version },
                    &[rendition.init(version).expect("kept").clone()],
                );
            }
            let mut whole = vec![
                rendition
                    .init(segment.init.unwrap_or(0))
                    .cloned()
                    .unwrap_or_default(),
            ];
            whole.extend(bytes);
        }
    }
    fs::write(
        folder.join("index.m3u8"),
        multivariant_playlist(packager, grant).expect("playable"),
    )
    .expect("written");
    let now = chrono::DateTime::from_timestamp_millis(NOW + 10_000).expect("a time");
    let manifest = dash::manifest(packager, grant, "/time", now).expect("playable");
    fs::write(folder.join("index.mpd"), manifest).expect("written");
}

/// One rendition as a file: its init segment and all its segments.
fn track_file(packager: &Packager, track: TrackKind, folder: &Path) -> String {
    let rendition = packager.rendition(track).expect("there");
    let version = rendition
        .segments()
        .find_map(|segment| segment.init)
        .expect("media");
    let mut bytes = rendition.init(version).expect("kept").to_vec();
    for part in rendition.segments().flat_map(|segment| &segment.parts) {
        bytes.extend_from_slice(&part.data);
    }
    let path = folder.join(format!("{track:?}.mp4"));
    fs::write(&path, bytes).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

fn numbers(text: &str) -> Vec<f64> {
    text.lines()
        .filter_map(|line| line.trim_end_matches(',').parse().ok())
        .collect()
}

fn near(actual: f64, expected: f64, tolerance: f64) -> bool {
    (actual - expected).abs() <= tolerance
}

#[test]
fn ten_seconds_stay_ten_seconds_and_decode_without_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut packager = package(encode(folder.path(), 10, 60));
    let _ = packager.end();
    publish(&packager, folder.path());

    for (track, frames) in [(TrackKind::Video, 300), (TrackKind::Audio, 431)] {
        let file = track_file(&packager, track, folder.path());
        run("ffmpeg", &["-i", &file, "-f", "null", "-"]);
        let times = run(
            "ffprobe",
            &["-show_entries", "packet=pts_time", "-of", "csv=p=0", &file],
        );
        let mut times = numbers(&times);
        times.sort_by(f64::total_cmp);
        assert!(
            times.len().abs_diff(frames) <= 4,
            "{track:?}: {}",
            times.len()
        );
        let length = times[times.len() - 1] - times[0];
        assert!(near(length, 9.96, 0.05), "{track:?} lasts {length}");
    }
    for name in ["index.m3u8", "index.mpd"] {
        let address = folder.path().join(name);
        let address = address.to_str().expect("UTF-8");
        let arguments = ["-allowed_extensions", "ALL"];
        let extra: &[&str] = if name.ends_with("m3u8") {
            &arguments
        } else {
            &[]
        };
        let decode = [extra, &["-i", address, "-map", "0", "-f", "null", "-"]].concat();
        run("ffmpeg", &decode);
    }
}

#[test]
fn a_beep_and_a_flash_stay_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut packager = package(encode(folder.path(), 10, 60));
    let _ = packager.end();
    publish(&packager, folder.path());
    let video = track_file(&packager, TrackKind::Video, folder.path());
    let audio = track_file(&packager, TrackKind::Audio, folder.path());
    let flashes = numbers(&run(
        "ffprobe",
        &[
            "-f",
            "lavfi",
            "-i",
            &format!(
                "movie={video},signalstats,metadata=select:key=lavfi.signalstats.YAVG:value=100:function=greater"
            ),
            "-show_entries",
            "frame=pts_time",
            "-of",
            "csv=p=0",
        ],
    ));
    let beeps = numbers(&run(
        "ffprobe",
        &[
            "-f",
            "lavfi",
            "-i",
            &format!(
                "amovie={audio},astats=metadata=1:reset=1,ametadata=select:key=lavfi.astats.Overall.RMS_level:value=-20:function=greater"
            ),
            "-show_entries",
            "frame=pts_time",
            "-of",
            "csv=p=0",
        ],
    ));
    let starts = |times: &[f64]| -> Vec<f64> {
        let mut starts = Vec::new();
        for pair in times.windows(2) {
            if pair[1] - pair[0] > 0.5 {
                starts.push(pair[1]);
            }
        }
        starts
    };
    let (flashes, beeps) = (starts(&flashes), starts(&beeps));
    assert!(flashes.len() >= 8, "{flashes:?}");
    for (flash, beep) in flashes.iter().zip(&beeps) {
        assert!(near(*flash, *beep, 0.040), "flash {flash}, beep {beep}");
    }
}
