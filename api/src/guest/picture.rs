//! `POST /scan`: finds the board on a guest's picture, for phones whose camera or browser reads no
//! QR code. The picture lives in memory while it is read, and nowhere else.

use std::io::Cursor;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{Extension, Multipart, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use domain::secret::BoardToken;
use image::{GenericImage, GenericImageView, GrayImage, ImageReader, Limits, Luma};
use rqrr::PreparedImage;
use tokio::task::spawn_blocking;

use super::cookie::Kept;
use super::link::{self, known};
use super::page::{Page, Trouble};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::caller::From;
use crate::limits::network;
use crate::pages::Words;
use crate::pages::same_site::SameSite;
use crate::server::{MoreTime, TooSlow};

/// The most a picture may weigh.
pub(super) const MAX_BYTES: usize = 6 * 1024 * 1024;

/// The most pixels it may have along a side: more than phones make.
const MAX_SIDE: u32 = 6144;

/// The most memory that decoding may take: enough for what phones make.
const MAX_MEMORY: u64 = 96 * 1024 * 1024;

/// Pictures of one pass that may be on their way here at once: one, and another try.
pub(super) const ARRIVALS_OF_A_PASS: usize = 2;

/// Pictures that may be on their way here at once.
pub(super) const ARRIVALS: usize = 24;

/// Pictures that are read at once.
pub(super) const PICTURES: usize = 2;

/// The sizes at which a code is looked for, by the longer side: in little it is found quickly, and
/// noise and shadows are smaller, too.
const SIDES: [u32; 2] = [800, 1200];

/// How long is looked at each size: a picture full of corners of codes would take hours.
const PATIENCE: Duration = Duration::from_secs(2);

/// Leads to the page of the board on the picture.
pub(super) async fn find(
    site: Result<SameSite, Problem>,
    State(api): State<Api>,
    From(address): From,
    Kept(kept): Kept,
    more_time: Option<Extension<MoreTime>>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Redirect, Trouble> {
    site?;
    // Looking is work: only who holds a link may ask for it, so that no stranger takes the places.
    let link = kept.ok_or(Code::NotFound)?;
    let seen = known(&api, address, &link, api.now()).await?;
    let page = |said| Page { said, scan: true, ..link::page(&api, &seen, None, api.now()) };
    let again = |problem: Problem, said| Trouble::new(problem, page(Words::of(said)));
    let mut form = form.map_err(|_| again(Code::NotForm.into(), "guest-picture-unread"))?;
    // What comes lies in memory until it is whole.
    let Some(arrival) = api.crowd.arrivals.take(seen.pass.code.id) else {
        return Err(again(Code::Busy.into(), "guest-picture-busy"));
    };
    if let Some(Extension(more_time)) = more_time {
        more_time.give();
    }
    let picture = first_file(&mut form).await;
    let picture = picture.map_err(|error| again(unread(&error), words_on(&error)))?;
    // Taken only now: a picture that trickles in keeps nobody waiting for the work.
    let Some(place) = api.crowd.pictures.take(network(address)) else {
        return Err(again(Code::Busy.into(), "guest-picture-busy"));
    };
    // The place is kept for as long as the work goes on, even if nobody waits for it any more.
    let looked = spawn_blocking(move || (board_on(&picture), place, arrival));
    // Looking ends by unwinding when time is up.
    let found = looked.await.map_or(Ok(None), |(found, ..)| found);
    let refused = |reason| Problem::field("picture", reason);
    match found {
        Ok(Some(board)) => Ok(Redirect::to(&format!("/b/{}", board.reveal()))),
        Ok(None) => Err(again(refused("shows no board"), "guest-picture-without-board")),
        Err(Unreadable) => Err(again(refused("is no JPEG or PNG"), "guest-picture-unread")),
    }
}

/// No picture, or one that is too large to be looked at.
#[derive(Debug)]
struct Unreadable;

async fn first_file(form: &mut Multipart) -> Result<Vec<u8>, MultipartError> {
    let field = form.next_field().await?;
    match field {
        Some(field) => Ok(field.bytes().await?.to_vec()),
        None => Ok(Vec::new()),
    }
}

fn unread(error: &MultipartError) -> Problem {
    if is_too_large(error) {
        Code::TooLarge.into()
    } else if TooSlow::is_behind(error) {
        Code::Timeout.into()
    } else {
        Code::Malformed.into()
    }
}

/// A picture that is too large, or one that did not come whole: the line was too slow for it.
fn words_on(error: &MultipartError) -> &'static str {
    if is_too_large(error) { "guest-picture-unread" } else { "guest-picture-cut-off" }
}

fn is_too_large(error: &MultipartError) -> bool {
    error.status() == StatusCode::PAYLOAD_TOO_LARGE
}

/// The board whose QR code is on a picture, if there is one.
fn board_on(picture: &[u8]) -> Result<Option<BoardToken>, Unreadable> {
    let picture = decoded(picture)?;
    Ok(SIDES.into_iter().find_map(|side| board_in_sight(within(&picture, side))))
}

fn decoded(bytes: &[u8]) -> Result<GrayImage, Unreadable> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|_| Unreadable)?;
    reader.limits(limits);
    Ok(reader.decode().map_err(|_| Unreadable)?.into_luma8())
}

fn within(picture: &GrayImage, side: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer <= side {
        return picture.clone();
    }
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longer)).max(1);
    let [width, height] = [width, height].map(|length| u32::try_from(scaled(length)).unwrap_or(1));
    image::imageops::thumbnail(picture, width, height)
}

fn board_in_sight(picture: GrayImage) -> Option<BoardToken> {
    let until = Instant::now() + PATIENCE;
    let mut prepared = PreparedImage::prepare(Timed { picture, until });
    let mut codes = prepared.detect_grids().into_iter().filter_map(|grid| grid.decode().ok());
    codes.find_map(|(_, text)| board_in(&text))
}

/// A picture that is looked at until then and no longer.
struct Timed {
    picture: GrayImage,
    until: Instant,
}

impl Clone for Timed {
    /// Looks at the clock: rqrr tries each guess on a copy, and has no other end to its guesses.
    fn clone(&self) -> Self {
        if self.until <= Instant::now() {
            resume_unwind(Box::new("time is up"));
        }
        Self { picture: self.picture.clone(), until: self.until }
    }
}

impl GenericImageView for Timed {
    type Pixel = Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.picture.dimensions()
    }

    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        *self.picture.get_pixel(x, y)
    }
}

impl GenericImage for Timed {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        self.picture.get_pixel_mut(x, y)
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.picture.put_pixel(x, y, pixel);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.picture.put_pixel(x, y, pixel);
    }
}

/// The board of an address like those on our boards. Whichever host it names, it leads to us.
fn board_in(address: &str) -> Option<BoardToken> {
    let (_, path) = address.split_once("://")?;
    let (_, path) = path.split_once('/')?;
    BoardToken::parse(path.strip_prefix("b/")?).ok()
}
