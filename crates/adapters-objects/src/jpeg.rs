//! Uploads made into JPEGs: decoded within limits, turned upright, cut or shrunk, encoded anew.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use greenroom_domain::shared::picture::{MAX_PIXELS, PictureError, PictureUse, Pictures};
use image::codecs::jpeg::JpegEncoder;
use image::error::{ImageError, ImageFormatHint, UnsupportedErrorKind};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use tokio::sync::Semaphore;

/// The formats that are taken: others are not even compiled in.
const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
/// No side is longer, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// What decoding one may take, in bytes.
const MEMORY: u64 = 128 * 1024 * 1024;
/// How many are worked on at once, each on a thread of its own.
const AT_ONCE: usize = 2;
/// How many more may wait, each with its upload.
const WAITING: usize = 14;
/// For how long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of 100: nobody sees the difference to more.
const QUALITY: u8 = 85;

/// Makes JPEG files of uploads in each of the formats that are taken.
#[derive(Debug)]
pub struct JpegPictures {
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

impl Default for JpegPictures {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            threads: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

#[async_trait]
impl Pictures for JpegPictures {
    async fn render(&self, upload: Bytes, usage: PictureUse) -> Result<Bytes, PictureError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| PictureError::Busy)?;
        let thread = Arc::clone(&self.threads).acquire_owned();
        let Ok(Ok(thread)) = tokio::time::timeout(PATIENCE, thread).await else {
            return Err(PictureError::Busy);
        };
        let work = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when nobody waits for it any more.
            let _held = (place, thread);
            render(&upload, usage)
        });
        work.await
            .unwrap_or_else(|panicked| Err(PictureError::Failed(Box::new(panicked))))
    }
}

fn render(upload: &[u8], usage: PictureUse) -> Result<Bytes, PictureError> {
    let picture = decode(upload)?;
    let side = usage.longest_side();
    let picture = match usage {
        PictureUse::Avatar => picture.resize_to_fill(side, side, FilterType::CatmullRom),
        PictureUse::Cover if picture.width() > side || picture.height() > side => {
            picture.resize(side, side, FilterType::CatmullRom)
        }
        PictureUse::Cover => picture,
    };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(&on_white(picture))
        .map_err(|error| PictureError::Failed(Box::new(error)))?;
    Ok(jpeg.into())
}

/// What the upload shows, upright. Its header is judged before its pixels cost anything.
fn decode(upload: &[u8]) -> Result<DynamicImage, PictureError> {
    let format = image::guess_format(upload).map_err(|_| PictureError::UnknownFormat)?;
    if !FORMATS.contains(&format) {
        return Err(PictureError::UnknownFormat);
    }
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MEMORY {
        return Err(PictureError::TooLarge);
    }
    // A camera that was held upright says so beside its pixels, and that is left behind.
    let orientation = decoder.orientation().map_err(refused)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn refused(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        ImageError::Unsupported(error)
            if matches!(
                error.kind(),
                UnsupportedErrorKind::Format(ImageFormatHint::Unknown)
            ) =>
        {
            PictureError::UnknownFormat
        }
        error => PictureError::Broken(Box::new(error)),
    }
}

/// A JPEG has no transparency.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        image::Rgb([red, green, blue].map(|colour| over_white(colour, alpha)))
    })
}

fn over_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    let blended = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(blended).unwrap_or(u8::MAX)
}
