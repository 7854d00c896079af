#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| greenroom_adapters_media::fuzz::chunks(data));
