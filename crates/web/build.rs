//! Has the crate built again when the web interface changed.

use std::path::Path;

fn main() {
    let dist = Path::new("../../ui/dist");
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo takes a path that is missing for one that always changes. So where there is no
    // interface, `scripts/build-ui` touches this file once it has made one.
    if dist.is_dir() {
        println!("cargo::rerun-if-changed={}", dist.display());
    }
}
