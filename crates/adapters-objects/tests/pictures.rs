//! What people upload, and what those upload who mean ill.

use std::io::Cursor;
use std::time::Instant;

use bytes::Bytes;
use greenroom_adapters_objects::JpegPictures;
use greenroom_domain::shared::picture::{PictureError, PictureUse, Pictures};
use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

async fn render(upload: impl Into<Bytes>, usage: PictureUse) -> Result<Bytes, PictureError> {
    JpegPictures::default().render(upload.into(), usage).await
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, format)
        .expect("it can be written");
    bytes.into_inner()
}

/// Left red, right blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([250, 0, 0])
        } else {
            Rgb([0, 0, 250])
        }
    }))
}

fn decoded(jpeg: &[u8]) -> DynamicImage {
    assert_eq!(image::guess_format(jpeg).ok(), Some(ImageFormat::Jpeg));
    image::load_from_memory(jpeg).expect("a whole JPEG")
}

#[tokio::test]
async fn an_avatar_is_cut_and_a_cover_shrunk_from_each_format() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let upload = encoded(&halves(1600, 400), format);
        let avatar = decoded(&render(upload.clone(), PictureUse::Avatar).await.unwrap());
        assert_eq!(avatar.dimensions(), (256, 256), "{format:?}");
        let (left, right) = (avatar.get_pixel(10, 128), avatar.get_pixel(245, 128));
        assert!(left[0] > 200 && left[2] < 60 && right[2] > 200 && right[0] < 60);
        let cover = decoded(&render(upload, PictureUse::Cover).await.unwrap());
        assert_eq!(cover.dimensions(), (1280, 320), "{format:?}");
    }
    let small = encoded(&halves(64, 32), ImageFormat::Png);
    let cover = decoded(&render(small, PictureUse::Cover).await.unwrap());
    assert_eq!(cover.dimensions(), (64, 32));
}

#[tokio::test]
async fn what_is_transparent_becomes_white() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(8, 8, Rgba([9, 9, 9, 0])));
    let upload = encoded(&clear, ImageFormat::Png);
    let cover = decoded(&render(upload, PictureUse::Cover).await.unwrap());
    assert!(
        cover.get_pixel(4, 4).0[..3]
            .iter()
            .all(|colour| *colour > 250)
    );
}

/// A JPEG with an EXIF block: a camera that was held upright, and where it was.
fn from_a_camera(picture: &DynamicImage) -> Vec<u8> {
    let jpeg = encoded(picture, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01".to_vec();
    // Orientation (0x0112), a SHORT: 6, to be turned by 90 degrees clockwise.
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS 52.5N 13.4E");
    let length = u16::try_from(exif.len() + 2)
        .expect("a short block")
        .to_be_bytes();
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend(length);
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[tokio::test]
async fn a_photograph_is_turned_upright_and_says_no_more_where_it_was_taken() {
    let upload = from_a_camera(&halves(64, 32));
    assert!(upload.windows(3).any(|bytes| bytes == b"GPS"));
    let cover = render(upload, PictureUse::Cover).await.unwrap();
    assert!(!cover.windows(3).any(|bytes| bytes == b"GPS"));
    assert!(!cover.windows(4).any(|bytes| bytes == b"Exif"));
    let cover = decoded(&cover);
    assert_eq!(cover.dimensions(), (32, 64));
    assert!(cover.get_pixel(16, 5)[0] > 200, "what was left is above");
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    for upload in [
        &b""[..],
        b"\xff",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM\0\0\0\0\0\0\0\0\0\0\0\0",
        b"%PDF-1.7",
        b"RIFF\0\0\0\0WAVEfmt ",
    ] {
        let refused = render(upload, PictureUse::Avatar).await;
        assert!(
            matches!(refused, Err(PictureError::UnknownFormat)),
            "{upload:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn what_is_broken_or_cut_off_is_refused() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let whole = encoded(&halves(64, 64), format);
        for end in [12, 16, 30, whole.len() / 2] {
            let refused = render(whole[..end].to_vec(), PictureUse::Avatar).await;
            assert!(refused.is_err(), "{format:?} of {end} bytes");
        }
    }
    let whole = encoded(&halves(64, 64), ImageFormat::Jpeg);
    for end in [3, 20, 100] {
        let refused = render(whole[..end].to_vec(), PictureUse::Avatar).await;
        assert!(refused.is_err(), "a JPEG of {end} bytes");
    }
    // The magic of one, the rest of nothing.
    for magic in [
        &b"\x89PNG\r\n\x1a\n"[..],
        b"\xff\xd8\xff\xe0",
        b"RIFF\xff\0\0\0WEBPVP8 ",
    ] {
        let upload = [magic, &[0x41; 500]].concat();
        let refused = render(upload, PictureUse::Avatar).await;
        assert!(
            matches!(refused, Err(PictureError::Broken(_))),
            "{refused:?}"
        );
    }
}

/// A PNG whose header says so many pixels, and whose data is a few bytes.
fn flood(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([depth, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&header);
    png.extend(crc(&header).to_be_bytes());
    let data = b"IDAT\x78\x9c\x03\x00\x00\x00\x00\x01";
    png.extend([0, 0, 0, 8]);
    png.extend(data);
    png.extend(crc(data).to_be_bytes());
    png
}

/// Of a PNG's chunk (RFC 2083, 15).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[tokio::test]
async fn a_flood_of_pixels_is_refused_by_its_header() {
    let began = Instant::now();
    for (width, height, depth) in [
        (30_000, 30_000, 8),
        (16_000, 16_000, 8),
        (u32::MAX / 2, 1, 8),
        (5_000, 4_001, 8),
        // Within the pixels, and over the memory.
        (4_900, 4_000, 16),
    ] {
        let refused = render(flood(width, height, depth), PictureUse::Avatar).await;
        assert!(
            matches!(refused, Err(PictureError::TooLarge)),
            "{width} x {height}: {refused:?}"
        );
    }
    assert!(began.elapsed().as_secs() < 2, "nothing was unpacked");
}

#[tokio::test]
async fn more_than_may_wait_are_sent_away() {
    let pictures = std::sync::Arc::new(JpegPictures::default());
    let upload = Bytes::from(encoded(&halves(1200, 1200), ImageFormat::Png));
    let mut asking = Vec::new();
    for _ in 0..40 {
        let (pictures, upload) = (pictures.clone(), upload.clone());
        asking.push(tokio::spawn(async move {
            pictures.render(upload, PictureUse::Avatar).await
        }));
    }
    let (mut made, mut sent_away) = (0, 0);
    for asking in asking {
        match asking.await.unwrap() {
            Ok(_) => made += 1,
            Err(PictureError::Busy) => sent_away += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        made >= 1 && sent_away >= 1,
        "{made} made, {sent_away} sent away"
    );
}
