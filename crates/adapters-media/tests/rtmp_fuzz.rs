//! The fuzzers' bodies in the ordinary tests: over every stored input, and over
//! random bytes.

use std::path::PathBuf;
use std::sync::LazyLock;

use greenroom_adapters_media::fuzz;
use proptest::collection::vec;
use proptest::prelude::*;

macro_rules! bodies {
    ($($target:ident),*) => {$(
        mod $target {
            use super::*;

            static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| stored(stringify!($target)));

            #[test]
            fn stored_inputs() {
                for data in CORPUS.iter() {
                    fuzz::$target(data);
                }
            }

            proptest! {
                #![proptest_config(ProptestConfig {
                    failure_persistence: None,
                    ..ProptestConfig::default()
                })]

                #[test]
                fn random_bytes(data in vec(any::<u8>(), 0..4000)) {
                    fuzz::$target(&data);
                }

                /// Valid beginnings get further than noise does.
                #[test]
                fn damaged_inputs(
                    which in any::<prop::sample::Index>(),
                    damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
                    cut in any::<prop::sample::Index>(),
                ) {
                    let mut data = which.get(&CORPUS).clone();
                    for (at, byte) in damage {
                        let at = at.index(data.len());
                        data[at] = byte;
                    }
                    fuzz::$target(&data);
                    data.truncate(cut.index(data.len()));
                    fuzz::$target(&data);
                }
            }
        }
    )*};
}

bodies!(handshake, chunks, amf0, flv, codec_config);

/// A target's inputs, in the order of their names.
fn stored(target: &str) -> Vec<Vec<u8>> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../fuzz/corpus", target]
        .iter()
        .collect();
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a readable input"))
        .inspect(|data| assert!(!data.is_empty(), "an empty input finds nothing"))
        .collect()
}
