//! What an encoder is answered, and what its session tells.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod rtmp_support;

use bytes::BytesMut;
use greenroom_adapters_media::rtmp::amf0::{Reader, Value, Writer};
use greenroom_adapters_media::rtmp::{
    EndReason, Event, Limits, PublishMode, Refusal, RtmpError, Session, Stage,
};
use rtmp_support::{
    Chunks, Format, answers, call, codes, connect, feed, hello, opening, publish, publishing,
};

fn request(app: &str, name: &str) -> Event {
    let mut session = Session::new(Limits::default());
    let mut input = BytesMut::from(&opening(app, name).bytes[..]);
    session.poll(&mut input).unwrap().unwrap()
}

#[test]
fn an_encoder_gets_to_publish_and_stops_in_order() {
    let mut session = Session::new(Limits::default());
    assert_eq!(session.stage(), Stage::Handshake);
    feed(&mut session, &hello()).unwrap();
    assert_eq!(session.stage(), Stage::Connecting);
    let greeting = session.take_output();
    assert_eq!(greeting.len(), 1 + 2 * 1536);
    assert!(
        greeting[1537..].iter().all(|&byte| byte == 0x11),
        "S2 echoes C1"
    );

    let mut chunks = Chunks::new(128);
    chunks.command(0, &connect("live"));
    chunks.command(0, &call("releaseStream"));
    chunks.command(0, &call("FCPublish"));
    chunks.command(0, &call("createStream"));
    chunks.command(1, &publish("key"));
    let events = feed(&mut session, &chunks.bytes).unwrap();
    assert!(matches!(
        &events[..],
        [Event::PublishRequested { app, mode: PublishMode::Live, .. }] if app == "live"
    ));
    assert_eq!(session.stage(), Stage::Publishing);
    let output = session.take_output();
    let kinds: Vec<u8> = answers(output.clone())
        .iter()
        .map(|(kind, _)| *kind)
        .collect();
    assert_eq!(kinds, [5, 6, 1, 20, 20, 20, 20, 4, 20]);
    assert_eq!(
        codes(output),
        [
            "NetConnection.Connect.Success",
            "NetStream.Publish.Start",
            "NetStream.Publish.Start"
        ]
    );

    let mut chunks = Chunks::new(128);
    chunks.command(0, &call("FCUnpublish"));
    chunks.command(1, &call("deleteStream"));
    let events = feed(&mut session, &chunks.bytes).unwrap();
    assert_eq!(events, [Event::PublishEnded], "once");
    assert_eq!(session.stage(), Stage::Connecting);
    assert_eq!(
        codes(session.take_output()),
        ["NetStream.Unpublish.Success"]
    );
}

#[test]
fn the_key_is_what_stands_before_the_question_mark_and_is_never_shown() {
    let secret = "sk_0123456789abcdef";
    for (app, name, query) in [
        ("live", secret.to_owned(), None),
        ("live", format!("{secret}?user=a&x=y"), Some("user=a&x=y")),
        // Encoders with one field for everything.
        (&format!("live/{secret}"), String::new(), None),
    ] {
        let event = request(app, &name);
        assert!(!format!("{event:?}").contains("sk_"), "{event:?}");
        let Event::PublishRequested { app, key, .. } = event else {
            panic!("a request");
        };
        assert_eq!(app, "live");
        assert_eq!(key.expose(), secret);
        assert_eq!(key.expose_query(), query);
    }
    let mut session = Session::new(Limits::default());
    let mut input = BytesMut::from(&opening(&format!("live/{secret}"), "").bytes[..]);
    session.poll(&mut input).unwrap();
    assert!(!format!("{session:?}").contains("sk_"));
}

#[test]
fn a_key_that_cannot_be_one_is_refused_at_once() {
    for name in ["", "?x=y", "a\nb", "a\0b", &"k".repeat(513)] {
        let mut session = Session::new(Limits::default());
        assert_eq!(
            feed(&mut session, &opening("live", name).bytes),
            Err(RtmpError::UnusableKey)
        );
        let output = session.take_output().split_off(1 + 2 * 1536);
        assert_eq!(codes(output).last().unwrap(), "NetStream.Publish.BadName");
        assert_eq!(session.stage(), Stage::Closed);
    }
    let mut chunks = Chunks::new(128);
    chunks.bytes = hello();
    chunks.command(1, &publish("key"));
    assert_eq!(
        feed(&mut Session::new(Limits::default()), &chunks.bytes),
        Err(RtmpError::NotConnected)
    );
}

#[test]
fn refusals_and_ends_reach_the_encoder_as_terminal_status() {
    for (refusal, code) in [
        (Refusal::BadName, "NetStream.Publish.BadName"),
        (Refusal::Busy, "NetStream.Publish.BadName"),
        (Refusal::Rejected, "NetStream.Publish.Rejected"),
        (Refusal::UnknownApp, "NetConnection.Connect.Rejected"),
        (Refusal::Unavailable, "NetStream.Failed"),
    ] {
        let mut session = Session::new(Limits::default());
        let mut input = BytesMut::from(&opening("live", "key").bytes[..]);
        session.poll(&mut input).unwrap();
        session.take_output();
        session.refuse_publish(refusal);
        assert_eq!(codes(session.take_output()), [code]);
        assert_eq!(session.stage(), Stage::Closed);
        // Whatever comes now is thrown away.
        let mut input = BytesMut::from(&[0_u8; 1000][..]);
        assert_eq!(session.poll(&mut input), Ok(None));
        assert!(input.is_empty());
    }
    for (reason, code) in [
        (EndReason::StreamEnded, "NetStream.Publish.Rejected"),
        (EndReason::KeyRevoked, "NetStream.Publish.BadName"),
        (EndReason::TakenOver, "NetStream.Publish.BadName"),
        (EndReason::UnusableMedia, "NetStream.Publish.Rejected"),
        (EndReason::Shutdown, "NetConnection.Connect.AppShutdown"),
    ] {
        let mut session = publishing();
        session.end(reason);
        assert_eq!(codes(session.take_output()), [code]);
        assert_eq!(session.stage(), Stage::Closed);
    }
}

#[test]
fn who_wants_to_play_is_refused() {
    let mut session = Session::new(Limits::default());
    let mut chunks = Chunks::new(128);
    chunks.bytes = hello();
    chunks.command(0, &connect("live"));
    feed(&mut session, &chunks.bytes).unwrap();
    session.take_output();
    let mut chunks = Chunks::new(128);
    chunks.command(1, &call("play"));
    assert_eq!(
        feed(&mut session, &chunks.bytes),
        Err(RtmpError::PlayRefused)
    );
    assert_eq!(codes(session.take_output()), ["NetStream.Play.Failed"]);
}

#[test]
fn unknown_methods_get_an_error_and_a_second_publish_too() {
    let mut session = publishing();
    let mut chunks = Chunks::new(128);
    chunks.command(0, &call("getStreamLength"));
    chunks.command(0, &call("_checkbw"));
    chunks.command(1, &publish("key"));
    assert_eq!(feed(&mut session, &chunks.bytes), Ok(vec![]));
    assert_eq!(
        codes(session.take_output()),
        ["NetConnection.Call.Failed", "NetStream.Publish.BadName"]
    );
    assert_eq!(session.stage(), Stage::Publishing);
}

#[test]
fn an_enhanced_encoder_is_told_which_codecs_are_carried() {
    let connect = Writer::new()
        .string("connect")
        .number(1.0)
        .object()
        .key("app")
        .string("live")
        .key("fourCcList")
        .array(1)
        .string("hvc1")
        .end()
        .finish();
    let mut chunks = Chunks::new(128);
    chunks.bytes = hello();
    chunks.command(0, &connect);
    let mut session = Session::new(Limits::default());
    feed(&mut session, &chunks.bytes).unwrap();
    let output = session.take_output().split_off(1 + 2 * 1536);
    let (_, body) = answers(output).pop().unwrap();
    let mut reader = Reader::new(&body);
    let values: Vec<_> = std::iter::from_fn(|| reader.value().ok()).collect();
    let info = values[3].as_object().unwrap();
    let Some(Value::Array(list)) = info.get("fourCcList") else {
        panic!("a list of codecs");
    };
    let codecs: Vec<_> = list.iter().filter_map(|value| value.as_str()).collect();
    assert_eq!(codecs, ["avc1", "hvc1", "av01", "mp4a", "Opus"]);
}

#[test]
fn commands_wrapped_for_amf3_are_commands() {
    let mut body = vec![0];
    body.extend(&connect("live")[..]);
    let mut chunks = Chunks::new(128);
    chunks.bytes = hello();
    let format = Format::Full {
        time: 0,
        kind: 17,
        stream: 0,
    };
    chunks.message(3, format, &body);
    let mut session = Session::new(Limits::default());
    feed(&mut session, &chunks.bytes).unwrap();
    let output = session.take_output().split_off(1 + 2 * 1536);
    assert_eq!(codes(output), ["NetConnection.Connect.Success"]);
}

#[test]
fn pings_are_answered_and_bytes_acknowledged() {
    let mut session = publishing();
    let mut chunks = Chunks::new(128);
    chunks.control(4, &[0, 6, 1, 2, 3, 4]);
    chunks.control(5, &10_000_u32.to_be_bytes());
    feed(&mut session, &chunks.bytes).unwrap();
    let pong = answers(session.take_output());
    assert_eq!(pong.len(), 1);
    assert_eq!((pong[0].0, &pong[0].1[..]), (4, &[0, 7, 1, 2, 3, 4][..]));
    let mut chunks = Chunks::new(128);
    for n in 0..100 {
        chunks.video(n, &[1; 120]);
    }
    feed(&mut session, &chunks.bytes).unwrap();
    let acks = answers(session.take_output());
    assert!(!acks.is_empty() && acks.iter().all(|(kind, _)| *kind == 3));

    session.ping(5);
    assert_eq!(&answers(session.take_output())[0].1[..], [0, 6, 0, 0, 0, 5]);
}

#[test]
fn metadata_is_told_and_cut_to_size() {
    let long = format!("Encoder\n{}", "x".repeat(200));
    let body = Writer::new()
        .string("@setDataFrame")
        .string("onMetaData")
        .object()
        .key("width")
        .number(1920.0)
        .key("height")
        .number(f64::NAN)
        .key("framerate")
        .number(29.97)
        .key("encoder")
        .string(&long)
        .end()
        .finish();
    let mut chunks = Chunks::new(128);
    let format = Format::Full {
        time: 0,
        kind: 18,
        stream: 1,
    };
    chunks.message(5, format, &body);
    let events = feed(&mut publishing(), &chunks.bytes).unwrap();
    let [Event::Metadata(metadata)] = &events[..] else {
        panic!("metadata, not {events:?}");
    };
    assert_eq!(metadata.width, Some(1920));
    assert_eq!(metadata.height, None);
    assert_eq!(metadata.frame_rate, Some(29.97));
    let encoder = metadata.encoder.as_deref().unwrap();
    assert_eq!(encoder.len(), 64);
    assert!(encoder.starts_with("Encoderx"));
}
