use super::*;

const AAC_CONFIG: &[u8] = &[0x12, 0x10];
const AVC_CONFIG: &[u8] = &[
    0x01, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f,
    0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e,
    0x48, 0x01, 0x00, 0x05, 0x68, 0xcb, 0x83, 0xcb, 0x20,
];

fn tag(head: &[u8], rest: &[u8]) -> Bytes {
    [head, rest].concat().into()
}

fn frame_of(tag: Result<Tag, FlvError>) -> CodedFrame {
    match tag.unwrap() {
        Tag::Frame(frame) => frame,
        other => panic!("a frame, not {other:?}"),
    }
}

#[test]
fn legacy_avc() {
    let config = video(tag(&[0x17, 0, 0, 0, 0], AVC_CONFIG)).unwrap();
    assert!(matches!(config, Tag::Config(config) if config.rfc6381 == "avc1.42c01e"));
    let key = frame_of(video(tag(&[0x17, 1, 0, 0, 80], b"picture")));
    assert!(key.keyframe);
    assert_eq!((key.cts, &key.data[..]), (80, &b"picture"[..]));
    let inter = frame_of(video(tag(&[0x27, 1, 0xff, 0xff, 0xd8], b"p")));
    assert!(!inter.keyframe);
    assert_eq!(inter.cts, -40, "composition offsets have a sign");
    assert_eq!(
        video(tag(&[0x17, 2, 0, 0, 0], b"")).unwrap(),
        Tag::SequenceEnd(Codec::Avc)
    );
    assert_eq!(video(tag(&[0x57, 0], b"")).unwrap(), Tag::Ignored);
    assert_eq!(video(tag(&[0x27, 1, 0, 0, 0], b"")).unwrap(), Tag::Ignored);
    assert!(matches!(
        video(tag(&[0x22, 0, 0, 0, 0], b"h263")),
        Err(FlvError::VideoCodec(2))
    ));
}

#[test]
fn frames_are_slices_of_the_message() {
    let body = tag(&[0x27, 1, 0, 0, 0], &[7; 4096]);
    let frame = frame_of(video(body.clone()));
    assert_eq!(frame.data.as_ptr(), body[5..].as_ptr());
}

#[test]
fn enhanced_video() {
    let config = video(tag(b"\x90avc1", AVC_CONFIG)).unwrap();
    assert!(matches!(config, Tag::Config(config) if config.codec == Codec::Avc));
    let offset = frame_of(video(tag(b"\x91hvc1\x00\x00\x28", b"nal")));
    assert_eq!(
        (offset.codec, offset.keyframe, offset.cts),
        (Codec::Hevc, true, 40)
    );
    assert_eq!(&offset.data[..], b"nal");
    let plain = frame_of(video(tag(b"\xa3hvc1", b"nal")));
    assert_eq!((plain.keyframe, plain.cts), (false, 0));
    assert_eq!(&plain.data[..], b"nal");
    // AV1 has no offset; its temporal delimiter is not stored.
    let av1 = frame_of(video(tag(b"\x91av01\x12\x00", b"\x0a\x0bobu")));
    assert_eq!((av1.cts, &av1.data[..]), (0, &b"\x0a\x0bobu"[..]));
    assert_eq!(
        video(tag(b"\x92hvc1", b"")).unwrap(),
        Tag::SequenceEnd(Codec::Hevc)
    );
    assert_eq!(video(tag(b"\x94hvc1", b"colour")).unwrap(), Tag::Ignored);
    assert_eq!(video(tag(b"\xd1\x00", b"")).unwrap(), Tag::Ignored);
    assert!(matches!(
        video(tag(b"\x90vp09", b"")),
        Err(FlvError::FourCc([b'v', b'p', b'0', b'9']))
    ));
}

#[test]
fn modifiers_are_skipped() {
    // A nanosecond offset of three bytes, then coded frames.
    let short = frame_of(video(tag(
        b"\x97\x02\x01\x02\x03\x01avc1\x00\x00\x07",
        b"n",
    )));
    assert_eq!((short.cts, &short.data[..]), (7, &b"n"[..]));
    // A modifier of 300 bytes behind one of a single byte.
    let mut head = b"\x97\x00\xaa\x17\xff\x01\x2b".to_vec();
    head.extend([0; 300]);
    head.extend(b"\x03avc1");
    let long = frame_of(video(tag(&head, b"n")));
    assert_eq!(&long.data[..], b"n");
    assert!(matches!(
        video(tag(b"\x97\xff\xff\xff", b"short")),
        Err(FlvError::Truncated)
    ));
}

#[test]
fn of_several_tracks_the_first_is_taken() {
    let one = frame_of(video(tag(b"\x96\x03avc1\x00", b"one")));
    assert_eq!(&one.data[..], b"one");
    assert_eq!(
        video(tag(b"\x96\x03avc1\x01", b"other")).unwrap(),
        Tag::Ignored
    );
    let many = frame_of(video(tag(
        b"\x96\x13avc1\x01\x00\x00\x02zz\x00\x00\x00\x01n",
        b"",
    )));
    assert_eq!(&many.data[..], b"n");
    let codecs = frame_of(video(tag(
        b"\x96\x23vp09\x01\x00\x00\x02zzhvc1\x00\x00\x00\x01n",
        b"",
    )));
    assert_eq!((codecs.codec, &codecs.data[..]), (Codec::Hevc, &b"n"[..]));
}

#[test]
fn sound() {
    let config = audio(tag(&[0xaf, 0], AAC_CONFIG)).unwrap();
    assert!(matches!(config, Tag::Config(config) if config.rfc6381 == "mp4a.40.2"));
    assert_eq!(&frame_of(audio(tag(&[0xaf, 1], b"aac"))).data[..], b"aac");
    assert_eq!(audio(tag(&[0xaf, 1], b"")).unwrap(), Tag::Ignored);
    let opus = frame_of(audio(tag(b"\x91Opus", b"packet")));
    assert_eq!((opus.codec, &opus.data[..]), (Codec::Opus, &b"packet"[..]));
    let track = frame_of(audio(tag(b"\x95\x01mp4a\x00", b"aac")));
    assert_eq!((track.codec, &track.data[..]), (Codec::Aac, &b"aac"[..]));
    assert_eq!(audio(tag(b"\x94mp4a", b"map")).unwrap(), Tag::Ignored);
    assert!(matches!(
        audio(tag(&[0x2f], b"mp3")),
        Err(FlvError::SoundFormat(2))
    ));
    assert!(matches!(
        audio(tag(b"\x90ac-3", b"")),
        Err(FlvError::FourCc(_))
    ));
}

#[test]
fn stumps_are_errors() {
    for stump in [&[][..], &[0x17], &[0x17, 1, 0], b"\x91hvc1\x00", b"\x91hv"] {
        assert!(
            matches!(
                video(Bytes::copy_from_slice(stump)),
                Err(FlvError::Truncated)
            ),
            "{stump:?}"
        );
    }
    assert!(matches!(
        audio(Bytes::from_static(&[0xaf])),
        Err(FlvError::Truncated)
    ));
}
