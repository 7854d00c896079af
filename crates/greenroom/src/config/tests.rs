use super::*;

#[test]
fn the_reference_is_a_whole_configuration() {
    let config = Config::defaults();
    assert_eq!(config.http.address.port(), 8080);
    assert_eq!(config.settings().streams, StreamRules::default());
}

#[test]
fn an_unknown_key_and_a_bad_value_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greenroom.toml");
    for (text, named) in [
        ("[http]\nadress = \"0.0.0.0:1\"", "adress"),
        (
            "[streams]\ngrace_seconds = \"soon\"",
            "streams.grace_seconds",
        ),
        ("[streams]\ngrace_seconds = 0", "streams.grace_seconds"),
        ("public_url = \"example.org\"", "public_url"),
        ("[tls]\ncertificate = \"a.pem\"", "tls.key"),
        ("[tls]\nkey = \"a.pem\"", "tls.certificate"),
        ("[rtmp]\ntls_address = \"[::]:1936\"", "rtmp.tls_address"),
        ("[rtmp]\ntls_address = \"1936\"", "rtmp.tls_address"),
        ("[http]\ndialects = [\"klingon\"]", "http.dialects"),
        ("media = \"livekit\"", "livekit.api_key"),
        (
            "media = \"livekit\"\n[livekit]\nurl = \"host\"\napi_key = \"k\"\napi_secret = \"s\"",
            "livekit.url",
        ),
        (
            "media = \"livekit\"\n[livekit]\napi_key = \"k\"\napi_secret = \"s\"\n\
             [livekit.recording.s3]\naccess_key = \"a\"\nsecret = \"s\"",
            "livekit.recording.s3.bucket",
        ),
        (
            "[livekit.recording]\naudio = \"mp3\"",
            "livekit.recording.audio",
        ),
        (
            "[http]\nsocketio_dialect = \"circle\"",
            "http.socketio_dialect",
        ),
        (
            "[http]\nsocketio_dialect = \"harmoniecore\"",
            "http.socketio_dialect",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = Config::load(Some(&file), &Flags::default()).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn flags_come_last_and_the_rest_stays() {
    let address = "127.0.0.1:0".parse().unwrap();
    let flags = Flags {
        http: Some(Address { address }),
        ..Flags::default()
    };
    let config = Config::load(None, &flags).unwrap();
    assert_eq!(config.http.address, address);
    assert_eq!(
        config.http.max_connections,
        Config::defaults().http.max_connections
    );
}

#[test]
fn the_ingest_address_is_made_of_the_public_one() {
    let listening = "0.0.0.0:1935".parse().unwrap();
    let config = Config {
        public_url: "https://tv.example.org:8443".to_owned(),
        ..Config::defaults()
    };
    assert_eq!(
        config.ingest_url(listening),
        "rtmp://tv.example.org:1935/live"
    );
    assert_eq!(
        Config::defaults().ingest_url(listening),
        "rtmp://localhost:1935/live"
    );
}

#[test]
fn with_a_certificate_the_public_addresses_are_secure() {
    let config = Config {
        tls: Tls {
            certificate: "certificate.pem".into(),
            key: "key.pem".into(),
        },
        ..Config::defaults()
    };
    let http = "0.0.0.0:443".parse().unwrap();
    assert_eq!(config.public_url(http), "https://localhost:443");
    let rtmps = "0.0.0.0:1936".parse().unwrap();
    assert_eq!(
        config.secure_ingest_url(rtmps),
        "rtmps://localhost:1936/live"
    );
}
