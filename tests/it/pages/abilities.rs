//! What some phones can and this browser cannot: read QR codes, open the address book, and read the
//! SMS that brings a pin. Each stands in for the real thing before a page's own scripts run, and is
//! as strict as the real one is; the pages are the real ones, and so is the camera's way.

use std::fs;
use std::path::PathBuf;

use fast_qr::QRBuilder;
use image::GrayImage;
use serde_json::json;

use super::browser::{Browser, there_is_none};
use super::guest::{MARGIN, MODULE, picture_of};
use super::owner::{ENGLISH, PHONE, signs_in_by, sofa};
use crate::home::Home;
use crate::house::{House, until};
use crate::stand_in::StandIn;

/// What the camera takes at once, in pixels.
const FRAME: [u32; 2] = [640, 480];

/// Remembers what a page complains of to nobody: it must fall back in silence.
const LISTENS: &str = r"
globalThis.complaints = [];
addEventListener('error', ({ message }) => complaints.push(message));
addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));
";

/// <https://wicg.github.io/shape-detection-api/#barcode-detection-api>: knows one code, and looks at
/// the middle of each of its modules on the frame that the video shows.
const BARCODE_DETECTOR: &str = r"
globalThis.BarcodeDetector = class BarcodeDetector {
  static async getSupportedFormats() { return ['aztec', 'qr_code']; }
  #reads;
  constructor({ formats = ['qr_code'] } = {}) {
    if (!formats.length) throw new TypeError('no format');
    this.#reads = formats.includes('qr_code');
  }
  async detect(video) {
    if (!(video instanceof HTMLVideoElement)) throw new TypeError('no picture');
    if (video.readyState < 2) throw new DOMException('no frame yet', 'InvalidStateError');
    const { rawValue, rows, module, margin, width } = KNOWN;
    const [wide, high] = [video.videoWidth, video.videoHeight];
    const canvas = new OffscreenCanvas(wide, high).getContext('2d');
    canvas.drawImage(video, 0, 0);
    const { data } = canvas.getImageData(0, 0, wide, high);
    const at = (module_) => Math.floor((module_ + margin + 0.5) * module * wide / width);
    const isDark = (x, y) => data[4 * (at(y) * wide + at(x))] < 128;
    const isSeen = rows.every((row, y) => [...row].every((dark, x) => isDark(x, y) === (dark === '1')));
    return this.#reads && isSeen ? [{ rawValue, format: 'qr_code' }] : [];
  }
};
";

/// <https://w3c.github.io/contact-api/spec/>: one person in the book, with two names and numbers.
const CONTACTS: &str = r"
const BOOK = [{ name: ['Thandi', 'Ma Thandi'], tel: ['+27 82 555 0101', '+27 82 555 0102'], email: ['t@x.example'] }];
navigator.contacts = {
  async select(properties, { multiple = false } = {}) {
    if (!navigator.userActivation.isActive) throw new DOMException('no tap', 'SecurityError');
    if (!properties.length) throw new TypeError('nothing asked for');
    const only = (one) => Object.fromEntries(properties.map((name) => [name, one[name]]));
    return BOOK.slice(0, multiple ? undefined : 1).map(only);
  },
};
";

/// <https://wicg.github.io/web-otp/>: `smsComes` brings the phone an SMS, which is read only if its
/// last line is for this host.
const WEB_OTP: &str = r"
globalThis.OTPCredential = class OTPCredential {};
let arrive;
const sms = new Promise((come) => { arrive = come; });
globalThis.smsComes = (text) => arrive(text);
const real = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = async ({ otp, ...others }) => {
  if (!otp) return real(others);
  if (!otp.transport.includes('sms')) throw new TypeError('no way');
  const [, host, code] = /^@(\S+) #(\S+)$/.exec((await sms).trim().split('\n').at(-1)) ?? [];
  if (host !== location.hostname) return new Promise(() => {});
  return Object.assign(new OTPCredential(), { code, type: 'otp' });
};
";

impl Browser {
    /// Gives it what some phones have, and an ear for what its pages complain of.
    async fn can(&self, ability: &str) {
        // Each page gets names of its own.
        self.learns(&format!("{LISTENS}{{{ability}}}")).await;
    }

    /// Asserts that no script of the page has failed.
    async fn complains_of_nothing(&self) {
        assert_eq!(self.asks("return globalThis.complaints").await, json!([]));
    }
}

/// A reader of QR codes that knows this one.
fn reading(text: &str) -> String {
    let code = QRBuilder::new(text).build().expect("it fits");
    let row = |y: usize| (0..code.size).map(|x| u8::from(code[y][x].value()).to_string()).collect();
    let rows: Vec<String> = (0..code.size).map(row).collect();
    let [width, _] = FRAME;
    let known = json!({
        "rawValue": text, "rows": rows, "module": MODULE, "margin": MARGIN, "width": width,
    });
    format!("const KNOWN = {known};{BARCODE_DETECTOR}")
}

/// Somebody holds a phone before this code: a video of one frame, in grey.
fn video_of(text: &str, folder: &tempfile::TempDir) -> PathBuf {
    let code = picture_of(text);
    let [width, height] = FRAME;
    let mut frame = GrayImage::from_pixel(width, height, image::Luma([255]));
    image::imageops::replace(&mut frame, &code, 0, 0);
    let mut video =
        format!("YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420\nFRAME\n").into_bytes();
    video.extend(frame.pixels().map(|grey| if grey.0[0] < 128 { 16 } else { 235 }));
    video.resize(video.len() + frame.len() / 2, 128);
    let path = folder.path().join("camera.y4m");
    fs::write(&path, video).expect("is written");
    path
}

/// G-2: the camera in the page reads the board, and the guest goes on to the digits.
#[tokio::test(flavor = "multi_thread")]
async fn g_2_the_camera_in_the_page_reads_the_board_and_leads_to_the_digits() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let folder = tempfile::tempdir().unwrap();
    let guest = Browser::seeing(&video_of(home.board(), &folder)).await;
    guest.can(&reading(home.board())).await;
    guest.opens(&code.link).await;
    guest.presses("Scan here").await;
    guest.sees("Type your code").await;
    assert!(home.board().ends_with(&guest.path().await));
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    assert_eq!(home.gate.pulses().len(), 1);
    guest.complains_of_nothing().await;
    guest.closes().await;
}

/// I-1: an owner need not type what stands on a label.
#[tokio::test(flavor = "multi_thread")]
async fn i_1_the_camera_in_the_page_reads_the_label_of_a_device() {
    if there_is_none() {
        return;
    }
    let house = House::start().await;
    let label = house.makes("gate", &["--name", "Main Gate"]);
    let folder = tempfile::tempdir().unwrap();
    let owner = Browser::seeing(&video_of(&label.claim_code, &folder)).await;
    owner.can(&reading(&label.claim_code)).await;
    signs_in_by(&owner, &house, ENGLISH).await;
    owner.presses("Add a device").await;
    owner.presses("Read it with the camera").await;
    let filled = async || {
        let read = owner.reads_field("Code on the label").await;
        (read == label.claim_code).then_some(())
    };
    until(filled).await.expect("the label is read");
    owner.presses("Add").await;
    owner.sees("The device is on your account.").await;
    owner.closes().await;
}

/// G-2: a camera that its owner keeps to themselves leaves the way by a picture.
#[tokio::test(flavor = "multi_thread")]
async fn g_2_a_guest_who_keeps_the_camera_from_the_page_is_told_and_sends_a_picture() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let guest = Browser::refusing_its_camera().await;
    guest.can(&reading(home.board())).await;
    guest.opens(&code.link).await;
    guest.presses("Scan here").await;
    guest.sees("This page may not use the camera").await;
    guest.keeps("guest-camera-refused").await;
    guest.is_accessible().await;
    guest.complains_of_nothing().await;
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("board.png");
    picture_of(home.board()).save(&picture).unwrap();
    guest.hands("Take a picture", &picture).await;
    guest.presses("Send the picture").await;
    guest.sees("Type your code").await;
    guest.closes().await;
}

/// G-2: what calls itself a reader of codes and is none is not offered.
#[tokio::test(flavor = "multi_thread")]
async fn g_2_a_browser_that_reads_no_qr_codes_offers_the_picture_alone() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    for reader in [
        "",
        "globalThis.BarcodeDetector = null;",
        "globalThis.BarcodeDetector = class { static async getSupportedFormats() { return ['ean_13']; } };",
        "globalThis.BarcodeDetector = class { static async getSupportedFormats() { throw 'no'; } };",
        "globalThis.BarcodeDetector = class { static getSupportedFormats() { throw 'no'; } };",
    ] {
        let guest = Browser::start().await;
        guest.can(reader).await;
        guest.opens(&code.link).await;
        guest.sees("Send the picture").await;
        assert!(!guest.reads().await.contains("Scan here"), "{reader}");
        guest.complains_of_nothing().await;
        guest.closes().await;
    }
}

/// O-5, C07: of a person in the address book one name and one number are taken.
#[tokio::test(flavor = "multi_thread")]
async fn o_5_one_contact_of_the_address_book_fills_in_one_name_and_one_number() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = Browser::start().await;
    owner.can(CONTACTS).await;
    signs_in_by(&owner, &home.house, ENGLISH).await;
    let invite = format!("{}/console/intercoms/{}/invite", home.house.http(), home.intercom.id);
    owner.opens(&invite).await;
    owner.types("Name", "Somebody else").await;
    owner.presses("Choose one contact").await;
    let filled = async || (owner.reads_field("Name").await == "Thandi").then_some(());
    until(filled).await.expect("the contact is taken");
    assert_eq!(owner.reads_field("Mobile").await, "+27 82 555 0101");
    owner.keeps("console-invite-contact").await;
    owner.is_accessible().await;
    owner.presses("Generate").await;
    owner.sees("Share the code").await;
    assert!(owner.leads_to("SMS").await.starts_with("sms:+27825550101?"));
    owner.complains_of_nothing().await;
    owner.closes().await;
}

/// O-5: whoever chooses nobody, or may not choose, keeps what they typed.
#[tokio::test(flavor = "multi_thread")]
async fn o_5_an_address_book_that_gives_nobody_leaves_what_was_typed() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    let invite = format!("{}/console/intercoms/{}/invite", home.house.http(), home.intercom.id);
    owner.opens(&invite).await;
    owner.sees("Generate").await;
    assert!(!owner.reads().await.contains("Choose one contact"), "it has no address book");
    let refused = "throw new DOMException('no', 'InvalidStateError');";
    owner.can("navigator.contacts = { select: (...asked) => globalThis.book(...asked) };").await;
    for select in [
        "async () => []".to_owned(),
        format!("async () => {{ {refused} }}"),
        format!("() => {{ {refused} }}"),
    ] {
        owner.opens(&invite).await;
        owner.asks(&format!("globalThis.book = (...asked) => {{ globalThis.isAsked = true; return ({select})(...asked); }}")).await;
        owner.types("Name", "Sipho").await;
        owner.types("Mobile", "+27825550103").await;
        owner.presses("Choose one contact").await;
        assert_eq!(owner.asks("return globalThis.isAsked").await, true);
        // Whatever the answer does is done when the next one is told.
        owner.waits_for("setTimeout(arguments[arguments.length - 1])").await;
        assert_eq!(owner.reads_field("Name").await, "Sipho", "{select}");
        assert_eq!(owner.reads_field("Mobile").await, "+27825550103", "{select}");
        owner.complains_of_nothing().await;
    }
    owner.closes().await;
}

/// A house that sends pins by SMS, as the phone gets them.
async fn house_with_sms() -> (House, StandIn) {
    let twilio = StandIn::replying(&[(201, r#"{"sid":"SM{n}","status":"queued"}"#)]);
    let mut house = House::empty();
    let mut command = house.command(&[
        "http.public_url=http://127.0.0.1",
        "courier.sms.account_sid=AC00000000000000000000000000000042",
        "courier.sms.sender='+15005550006'",
        &format!("courier.sms.base_url={}", twilio.url()),
    ]);
    house.run(command.env("FLUSS_SMS_TOKEN", "canaryOfSms")).await;
    (house, twilio)
}

/// The text of the SMS that came last.
fn sms_at(twilio: &StandIn) -> String {
    let heard = twilio.heard().last().expect("an SMS").body.clone();
    // Read as any form is: by the parser of addresses.
    let form = reqwest::Url::parse(&format!("http://form/?{heard}")).expect("a form");
    form.query_pairs().find(|(name, _)| name == "Body").expect("a text").1.into_owned()
}

impl Browser {
    /// Asks for a pin and stands before its field.
    async fn asks_for_a_pin(&self, house: &House) {
        self.opens(&format!("{}/console", house.http())).await;
        self.types("Mobile number", PHONE).await;
        self.presses("Send the pin").await;
        self.sees("Type your pin").await;
    }

    /// The phone gets this SMS.
    async fn gets(&self, sms: &str) {
        self.asks(&format!("globalThis.smsComes({})", json!(sms))).await;
    }
}

/// O-1: the SMS that the service really sends signs in by itself, where a phone reads it.
#[tokio::test(flavor = "multi_thread")]
async fn o_1_the_pin_of_the_sms_fills_itself_in_and_signs_in() {
    if there_is_none() {
        return;
    }
    let (house, twilio) = house_with_sms().await;
    let owner = Browser::start().await;
    owner.can(WEB_OTP).await;
    owner.asks_for_a_pin(&house).await;
    owner.gets(&sms_at(&twilio)).await;
    owner.sees("There is no device on your account yet.").await;
    assert_eq!(owner.path().await, "/console/devices");
    owner.complains_of_nothing().await;
    owner.closes().await;
}

/// O-1: an SMS for another host, or none at all, leaves the pin to be typed.
#[tokio::test(flavor = "multi_thread")]
async fn o_1_a_pin_that_the_page_may_not_read_is_typed() {
    if there_is_none() {
        return;
    }
    let (house, twilio) = house_with_sms().await;
    let refused = "throw new DOMException('no', 'NotAllowedError');";
    let otp = |get: &str| {
        format!("globalThis.OTPCredential = class {{}}; navigator.credentials.get = {get};")
    };
    for phone in [
        String::new(),
        otp(&format!("async () => {{ {refused} }}")),
        otp(&format!("() => {{ {refused} }}")),
        otp("async () => null"),
        format!("{WEB_OTP} smsComes('111111 is your pin.\\n\\n@elsewhere.example #111111');"),
    ] {
        let owner = Browser::start().await;
        owner.can(&phone).await;
        owner.asks_for_a_pin(&house).await;
        assert_eq!(owner.reads_field("One-time pin").await, "", "{phone}");
        owner.complains_of_nothing().await;
        owner.types("One-time pin", &sms_at(&twilio)[..6]).await;
        owner.presses("Sign in").await;
        owner.sees("There is no device on your account yet.").await;
        owner.closes().await;
    }
}
