//! A picture of the board instead of a scan.

use std::sync::Arc;
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, Request, StatusCode, header};
use fast_qr::QRBuilder;
use futures_util::{StreamExt, stream};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, imageops};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::world::{Browser, Seen, World, link};
use crate::guest::picture::{ARRIVALS_OF_A_PASS, MAX_BYTES};
use crate::server::TooSlow;

/// Far longer than looking at a picture may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A photograph with this QR code on it, a bit dark, a bit blurred, and not in the middle.
fn photograph(text: &str) -> GrayImage {
    let code = QRBuilder::new(text).build().unwrap();
    let mut picture = GrayImage::from_pixel(900, 1200, Luma([140]));
    let board = u32::try_from(code.size).unwrap() * 12;
    for (x, y) in (0..board + 96).flat_map(|x| (0..board + 96).map(move |y| (x, y))) {
        let module = |at: u32| usize::try_from(at.checked_sub(48)? / 12).ok();
        let is_dark = module(x).zip(module(y)).is_some_and(|(column, row)| {
            column < code.size && row < code.size && code[row][column].value()
        });
        let shade = if is_dark { 45 } else { 205 };
        picture.put_pixel(x + 150, y + 300, Luma([shade]));
    }
    imageops::blur(&picture, 1.5)
}

fn encoded(picture: GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn form() -> axum::http::request::Builder {
    Request::post("/scan").header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
}

fn fields(picture: &[u8]) -> Vec<u8> {
    let before = "--XX\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"board.jpg\"\r\n\
                  Content-Type: image/jpeg\r\n\r\n";
    [before.as_bytes(), picture, b"\r\n--XX--\r\n"].concat()
}

impl Browser {
    async fn sends_a_picture(&mut self, picture: &[u8]) -> Seen {
        self.send(form(), Body::from(fields(picture))).await
    }
}

#[tokio::test]
async fn g_2_a_picture_of_the_board_leads_to_its_page() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let page = guest.get(&link(&issued)).await;
    page.says(r#"action="/scan" enctype="multipart/form-data""#).says(r#"capture="environment""#);
    // Whichever host a board names, it leads to ours.
    for host in ["http://localhost:8080", "https://evil.example"] {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let picture = encoded(photograph(&format!("{host}{}", world.board)), format);
            let seen = guest.sends_a_picture(&picture).await.is(StatusCode::SEE_OTHER);
            assert_eq!(seen.header("location"), world.board);
        }
    }
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &super::digits(&issued)).await.leads_to(&issued);
}

#[tokio::test]
async fn what_shows_no_board_of_ours_is_refused_and_the_page_stays() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await;
    let no_board = [
        GrayImage::from_pixel(300, 300, Luma([128])),
        photograph("https://gate.example/pay?to=evil"),
        photograph("https://gate.example/b/../x"),
    ];
    for picture in no_board {
        let seen = guest.sends_a_picture(&encoded(picture, ImageFormat::Png)).await;
        let page = seen.is(StatusCode::UNPROCESSABLE_ENTITY).says("No board on this picture");
        page.says("Thandi").says(r#"action="/scan""#);
    }
    let unread = guest.sends_a_picture(b"<svg/>").await;
    unread.is(StatusCode::UNPROCESSABLE_ENTITY).says("cannot be read").says(r#"action="/scan""#);
    let nothing = guest.send(form(), Body::from("--XX--\r\n")).await;
    nothing.is(StatusCode::UNPROCESSABLE_ENTITY).says("cannot be read");
    let no_form = guest.post("/scan", &[("picture", "x")]).await;
    no_form.is(StatusCode::UNSUPPORTED_MEDIA_TYPE).says("cannot be read");
}

#[tokio::test]
async fn a_picture_too_heavy_or_too_wide_is_not_looked_at() {
    let world = World::new().await;
    let mut guest = world.guest_with_a_pass().await;
    let heavy = vec![0; MAX_BYTES + 1];
    let seen = guest.sends_a_picture(&heavy).await.is(StatusCode::PAYLOAD_TOO_LARGE);
    seen.says("at most 6 MB");
    let wide = encoded(GrayImage::new(6145, 1), ImageFormat::Png);
    let seen = guest.sends_a_picture(&wide).await;
    seen.is(StatusCode::UNPROCESSABLE_ENTITY).says("cannot be read");
    let long = format!("code={}", "0".repeat(20_000));
    let small = Request::post("/enter").header(header::CONTENT_TYPE, "text/plain");
    let seen = world.browser().send(small, Body::from(long)).await;
    assert_ne!(seen.status, StatusCode::SEE_OTHER, "only pictures may be that large");
}

#[tokio::test]
async fn a_picture_full_of_corners_of_codes_is_given_up() {
    let world = World::new().await;
    let mut guest = world.guest_with_a_pass().await;
    let picture = encoded(full_of_corners(), ImageFormat::Png);
    let seen = tokio::time::timeout(DEADLINE, guest.sends_a_picture(&picture)).await;
    seen.expect("an answer").is(StatusCode::UNPROCESSABLE_ENTITY).says("No board");
}

#[tokio::test]
async fn a_picture_that_comes_too_slowly_is_told_so_and_the_page_stays() {
    let world = World::new().await;
    let mut guest = world.guest_with_a_pass().await;
    let half = fields(b"half of it");
    let half = Bytes::from(half[..half.len() - 10].to_vec());
    let slow = stream::iter([Ok(half), Err::<Bytes, BoxError>(TooSlow.into())]);
    let seen = guest.send(form(), Body::from_stream(slow)).await.is(StatusCode::REQUEST_TIMEOUT);
    seen.says("did not arrive whole").says(r#"action="/scan""#);
}

/// Each may weigh six megabytes, and lies in memory until it is whole.
#[tokio::test]
async fn so_many_pictures_of_a_pass_come_at_once_and_one_given_up_makes_room() {
    let world = World::new().await;
    let guest = world.guest_with_a_pass().await;
    let mut coming = Vec::new();
    for _ in 0..ARRIVALS_OF_A_PASS {
        coming.push(guest.clone().begins_a_picture().await);
    }
    let busy = guest.clone().sends_a_picture(b"x").await.is(StatusCode::SERVICE_UNAVAILABLE);
    busy.says("Too many pictures at once");
    coming.pop().unwrap().abort();
    guest.clone().sends_until_looked_at(b"x").await;
}

#[tokio::test]
async fn a_picture_from_another_site_is_not_looked_at() {
    let world = World::new().await;
    let picture = encoded(photograph(&world.board), ImageFormat::Png);
    let foreign = (HeaderName::from_static("sec-fetch-site"), "cross-site");
    let form = form().header(&foreign.0, foreign.1);
    let seen = world.browser().send(form, Body::from(fields(&picture))).await;
    seen.is(StatusCode::FORBIDDEN).says("Nothing happened");
}

/// Reading pictures is work: who sends many at once waits, and everybody else is served.
#[tokio::test]
async fn of_one_address_one_picture_is_read_at_a_time() {
    let world = World::new().await;
    let (mut one, mut two) = (world.guest_with_a_pass().await, world.guest_with_a_pass().await);
    let hard = encoded(full_of_corners(), ImageFormat::Png);
    let slow = tokio::spawn(async move { one.sends_until_looked_at(&hard).await });
    let busy = loop {
        assert!(!slow.is_finished(), "while one picture is read, another was looked at");
        let seen = two.sends_a_picture(b"x").await;
        if seen.status == StatusCode::SERVICE_UNAVAILABLE {
            break seen;
        }
    };
    assert!(!busy.says("Too many pictures at once").header("retry-after").is_empty());
    assert_eq!(slow.await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY);
    two.sends_a_picture(b"x").await.is(StatusCode::UNPROCESSABLE_ENTITY);
}

/// Whoever has no link has nothing to scan for, and must not keep those waiting who have.
#[tokio::test]
async fn a_strangers_picture_is_not_looked_at() {
    let world = World::new().await;
    let picture = encoded(photograph(&world.board), ImageFormat::Png);
    world.browser().sends_a_picture(&picture).await.is(StatusCode::NOT_FOUND);
}

/// Every corner could belong to a code with any two others.
fn full_of_corners() -> GrayImage {
    GrayImage::from_fn(800, 800, |x, y| {
        let from_middle = |at: u32| (at % 8).abs_diff(3);
        let ring = from_middle(x).max(from_middle(y));
        Luma([if ring == 2 || 3 < ring { 255 } else { 0 }])
    })
}

impl Browser {
    /// The answer to a picture whose turn it was: another one may be looked at just now.
    async fn sends_until_looked_at(&mut self, picture: &[u8]) -> StatusCode {
        loop {
            let status = self.sends_a_picture(picture).await.status;
            if status != StatusCode::SERVICE_UNAVAILABLE {
                return status;
            }
        }
    }
}

impl Browser {
    /// A picture of which the first bytes were read.
    async fn begins_a_picture(mut self) -> JoinHandle<()> {
        let read = Arc::new(Notify::new());
        let begun = Arc::clone(&read);
        let trickle = stream::once(async { Ok::<_, BoxError>(Bytes::from_static(b"--XX\r\n")) })
            .chain(stream::once(async move {
                begun.notify_one();
                std::future::pending().await
            }));
        let sending = tokio::spawn(async move {
            self.send(form(), Body::from_stream(trickle)).await;
        });
        timeout(DEADLINE, read.notified()).await.expect("it is read");
        sending
    }
}

impl World {
    async fn guest_with_a_pass(&self) -> Browser {
        let mut guest = self.browser();
        guest.get(&link(&self.issues().await)).await.is(StatusCode::OK);
        guest
    }
}
