//! Objects in a folder of this machine, and pictures made of uploads.
#![deny(missing_docs)]

mod folder;
mod jpeg;

pub use folder::ObjectFolder;
pub use jpeg::JpegPictures;
