use std::io::Write as _;
use std::process::{Command, Stdio};

use axum::http::StatusCode;
use domain::PhoneNumber;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::Tree;

use super::*;
use crate::guest::tests::world::{Seen, World};

const URL: &str = "https://gates.fluss.example/b/Zm9vYmFyYmF6cXV4Zm9vYg";

fn sheet_named(name: &str) -> Sheet {
    let steps = ["Open the link", "Scan this code", "Type your digits"].map(str::to_owned);
    Sheet::new(name, steps, URL).unwrap()
}

/// What a scanner reads on a picture of grey pixels.
fn scanned(width: usize, height: usize, grey: impl FnMut(usize, usize) -> u8) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let found = picture.detect_grids();
    assert_eq!(found.len(), 1, "one QR is on the board");
    let (meta, read) = found[0].decode().unwrap();
    assert_eq!(meta.ecc_level, 3, "level Q");
    read
}

fn scanned_svg(svg: &str) -> String {
    let tree = Tree::from_str(svg, &resvg::usvg::Options::default()).unwrap();
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).unwrap();
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    let width = usize::try_from(size.width()).unwrap();
    let height = usize::try_from(size.height()).unwrap();
    scanned(width, height, |x, y| pixels.pixels()[y * width + x].red())
}

/// Hands a file to a program of poppler's; nothing where these are not installed.
fn poppler(program: &[&str], file: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new(program[0])
        .args(&program[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(std::env::var_os("CI").is_none(), "install poppler-utils");
        eprintln!("NOT TESTED: the PDF of the board, since poppler-utils is not installed");
        return None;
    };
    child.stdin.take().unwrap().write_all(file).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?}");
    Some(output.stdout)
}

/// What a scanner reads on a printed PDF.
fn scanned_pdf(file: &[u8]) -> Option<String> {
    let picture = poppler(&["pdftoppm", "-gray", "-r", "120", "-"], file)?;
    let mut words = picture.splitn(4, u8::is_ascii_whitespace);
    let mut word = || words.next().unwrap();
    let (kind, [width, height]) = (
        word(),
        [word(), word()].map(|word| std::str::from_utf8(word).unwrap().parse::<usize>().unwrap()),
    );
    assert_eq!(kind, b"P5");
    let pixels = word().strip_prefix(b"255\n").unwrap();
    Some(scanned(width, height, |x, y| pixels[y * width + x]))
}

fn text_of(file: &[u8]) -> Option<String> {
    let text = poppler(&["pdftotext", "-layout", "-", "-"], file)?;
    Some(String::from_utf8(text).unwrap())
}

/// What stands between the tags of a picture.
fn words_of(svg: &str) -> Vec<&str> {
    let between = svg.split('>').filter_map(|tag| tag.split('<').next());
    between.map(str::trim).filter(|text| !text.is_empty()).collect()
}

#[tokio::test]
async fn i_8_the_printed_board_says_where_to_scan_and_how_to_enter() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = format!("/console/intercoms/{}/board", world.intercom);
    let details = owner.get(&format!("/console/devices/{}", world.intercom)).await;
    details.says(&format!(r#"href="{page}""#));
    owner.get(&page).await.is(StatusCode::OK).says("Unit 4").says(r#"src="board.svg""#);

    let picture = owner.get(&format!("{page}.svg")).await.is(StatusCode::OK);
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert_eq!(scanned_svg(&picture.body), format!("http://localhost:8080{}", world.board));
    let words = words_of(&picture.body);
    assert_eq!(words[..2], ["Unit 4"; 2]);
    assert_eq!(words[2..].len(), 3, "{words:?}");
    assert!(words[2..].iter().all(|step| !step.contains(char::is_numeric)), "{words:?}");

    let file = owner.get(&format!("{page}.pdf")).await.is(StatusCode::OK);
    assert_eq!(file.header("content-type"), "application/pdf");
    assert!(file.body.starts_with("%PDF-"));
}

#[tokio::test]
async fn i_8_the_board_speaks_the_language_of_who_prints_it() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let picture = format!("/console/intercoms/{}/board.svg", world.intercom);
    let request = axum::http::Request::get(picture).header("accept-language", "af");
    owner.send(request, axum::body::Body::empty()).await.says("Skandeer hierdie kode");
}

#[tokio::test]
async fn i_8_a_board_is_printed_by_who_may_send_guests_there_and_nobody_else() {
    let world = World::new().await;
    let board = format!("/console/intercoms/{}/board.pdf", world.intercom);
    let mut stranger = world.browser();
    let led: Seen = stranger.get(&board).await.is(StatusCode::SEE_OTHER);
    assert_eq!(led.header("location"), "/console/sign-in");
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let gate = format!("/console/intercoms/{}/board", world.gate);
    assert!(owner.get(&gate).await.status.is_client_error());
    let nobodys = "/console/intercoms/intercom_00000000000000000000000000/board";
    owner.get(nobodys).await.is(StatusCode::NOT_FOUND);

    let mut neighbour = world.browser();
    neighbour.post("/console/sign-in", &[("phone", "%2B27830000009")]).await;
    let (_, pin) = world.phone.pin();
    neighbour.post("/console/pin", &[("pin", &pin)]).await.is(StatusCode::SEE_OTHER);
    neighbour.get(&board).await.is(StatusCode::NOT_FOUND);
    for (granted, status) in [(false, StatusCode::FORBIDDEN), (true, StatusCode::OK)] {
        let phone = PhoneNumber::parse("+27830000009", None).unwrap();
        let (people, intercom) = (world.store.people(), world.intercom.to_string());
        let shared = people.share(world.owner, intercom, phone, granted, world.now()).await;
        shared.unwrap().unwrap();
        neighbour.get(&board).await.is(status);
    }
}

#[test]
fn i_8_the_pdf_holds_the_name_as_text_and_the_address_as_qr() {
    for name in ["Unit 4", "Ťažký Škôlka – Αθήνα Ёлка Nguyễn", "W".repeat(80).as_str()]
    {
        let sheet = sheet_named(name);
        assert!(sheet.name.is_printable, "{name}");
        let file = pdf::write(&sheet, "en").unwrap();
        let Some(text) = text_of(&file) else { return };
        assert!(text.contains(name) && text.contains("Scan this code"), "{text}");
        assert_eq!(scanned_pdf(&file).as_deref(), Some(URL));
        assert!(0.0 <= sheet.name.left() - sheet::MARGIN + 0.01, "{name} leaves the paper");
    }
}

#[test]
fn i_8_a_name_in_letters_that_the_font_lacks_is_left_to_be_written_by_hand() {
    for name in ["ประตู 4", "大门", "שער", "Gate 🚪"] {
        let sheet = sheet_named(name);
        assert!(!sheet.name.is_printable, "{name}");
        let file = pdf::write(&sheet, "en").unwrap();
        let picture = Picture { sheet: &sheet }.render().unwrap();
        assert!(picture.contains(name), "the picture is drawn with the fonts of who looks at it");
        let Some(text) = text_of(&file) else { return };
        assert!(text.contains("Scan this code") && !text.contains(name), "{text}");
        assert_eq!(scanned_pdf(&file).as_deref(), Some(URL));
    }
}

#[test]
fn i_8_a_name_cannot_break_out_of_the_picture() {
    let sheet = sheet_named("</text><script>&\"'");
    let picture = Picture { sheet: &sheet }.render().unwrap();
    assert!(!picture.contains("<script"), "{picture}");
    assert_eq!(scanned_svg(&picture), URL);
}

#[test]
fn i_8_scanners_find_four_white_modules_around_the_code() {
    let qr = sheet_named("Unit 4").qr;
    let side = f32::from(qr.runs.iter().map(|run| run.x + run.length).max().unwrap());
    let quiet = 4.0 * qr.module;
    let bottom = qr.top + side * qr.module + quiet;
    assert!(quiet <= qr.left && qr.left + side * qr.module + quiet <= WIDTH);
    let sheet = sheet_named("Unit 4");
    assert!(sheet.name.baseline < qr.top - quiet, "the name is above it");
    assert!(sheet.steps.iter().all(|step| bottom <= step.baseline - step.size), "the steps below");
}
