//! How pages look from outside: their size, their headers, and what strangers and bots get.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use data_encoding::BASE64;
use ring::digest::{SHA256, digest};

use super::world::{Seen, World, digits, link, wrong_digits};

/// What crosses the line: the status line, the headers, an empty line, the page.
fn bytes_of(seen: &Seen) -> usize {
    let line = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        name.as_str().len() + ": ".len() + value.len() + "\r\n".len()
    };
    let head: usize = seen.headers.iter().map(line).sum();
    "HTTP/1.1 200 OK\r\ncontent-length: 14600\r\n\r\n".len() + head + seen.body.len()
}

/// Ten packets of 1,460 bytes are what a server may send before it hears from the phone.
#[tokio::test]
async fn g_1_the_first_page_comes_styled_in_one_round_trip() {
    let world = World::at("https://gate.example").await;
    world.renames_intercom(&"&".repeat(80)).await;
    let issued = world.issues_to(&"&".repeat(80)).await;
    let mut guest = world.browser();
    let first = guest.get(&link(&issued)).await.is(StatusCode::OK);
    let request = Request::get(link(&issued)).header("accept-language", "af");
    let in_afrikaans = world.browser().send(request, Body::empty()).await.says("Skandeer");
    let form = guest.stands_at(&issued, &world.board).await;
    let wrong = form.send(&mut guest, wrong_digits(&issued)).await.says("4 tries left");
    let inside = world.lets_in(&issued).await.get(&link(&issued)).await.says("Welcome");
    for page in [first, in_afrikaans, wrong, inside] {
        let bytes = bytes_of(&page);
        assert!(bytes < 14_600, "{bytes} bytes");
        assert!(!page.body.contains("<link"), "nothing else is needed to see it");
        assert!(!page.body.contains("<img") && !page.body.contains("style="));
        let (_, style) = page.body.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let hash = BASE64.encode(digest(&SHA256, style.as_bytes()).as_ref());
        let allowed = format!("style-src 'self' 'sha256-{hash}';");
        assert!(page.header("content-security-policy").contains(&allowed), "{hash}");
    }
}

#[tokio::test]
async fn g_24_the_digits_are_one_field_with_a_label_and_the_keypad_of_numbers() {
    let world = World::new().await;
    let issued = world.issues().await;
    let page = world.lets_in(&issued).await.get(&link(&issued)).await;
    for attribute in [
        r#"<label for="code">"#,
        r#"inputmode="numeric""#,
        r#"autocomplete="off""#,
        r#"maxlength="4""#,
    ] {
        assert!(page.body.contains(attribute), "{attribute}");
    }
    assert_eq!(page.body.matches("<input").count(), 3, "the digits, the key and the pass");
}

/// Two pages do not fight: without scripts the page reloads itself, with them the script looks.
#[tokio::test]
async fn g_2_only_a_page_without_a_form_reloads_itself_and_only_without_scripts() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let page = guest.get(&world.board).await;
    assert!(page.has_form() && !page.body.contains("http-equiv"));
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    let page = guest.get(&link(&issued)).await.says("Opening…").says(">Look again</a>");
    let page = page.says(r#"<noscript><meta http-equiv="refresh" content="1"></noscript>"#);
    let (_, script) = page.body.split_once(r#"<script data-after="1">"#).unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    let hash = BASE64.encode(digest(&SHA256, script.as_bytes()).as_ref());
    let allowed = format!("script-src 'self' 'sha256-{hash}';");
    assert!(page.header("content-security-policy").contains(&allowed), "{hash}");
}

/// The address changes with what a script says, so a new release is seen at once.
#[tokio::test]
async fn scripts_are_kept_for_good_under_an_address_of_this_release_alone() {
    let world = World::new().await;
    let page = world.browser().get("/").await;
    let (_, rest) = page.body.split_once(r#"<script type="module" src=""#).unwrap();
    let (module, _) = rest.split_once('"').unwrap();
    let folder = module.strip_suffix("guest.js").unwrap();
    for name in ["guest.js", "scan.js", "camera.js"] {
        let script = world.browser().get(&format!("{folder}{name}")).await.is(StatusCode::OK);
        assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
        assert!(!script.body.contains("\"http"), "nothing but what is ours: {}", script.body);
        let imports = script.body.lines().filter(|line| line.starts_with("import "));
        assert!(imports.clone().all(|line| line.contains("from \"./")), "of the same release");
    }
    for path in ["/assets/0000000000000000/guest.js", &format!("{folder}other.js")] {
        let gone = world.browser().get(path).await.is(StatusCode::NOT_FOUND);
        assert_eq!(gone.header("cache-control"), "no-store");
    }
}

/// As these programs name themselves when they fetch a link for a preview, or find it.
const BOTS: [&str; 12] = [
    "WhatsApp/2.23.20.0 A",
    "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Twitterbot/1.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) \
     Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Signal-Android",
];

#[tokio::test]
async fn g_3_a_thousand_previews_change_no_byte_and_show_no_secret() {
    let world = World::new().await;
    world.lets_guests_call(true).await;
    let (issued, revoked) = (world.issues().await, world.issues().await);
    world.revokes(&revoked).await;
    let before = world.books();
    let methods = [Method::GET, Method::HEAD];
    let paths = [link(&issued), link(&revoked), world.board.clone()];
    let asked = BOTS.iter().flat_map(|bot| methods.iter().map(move |method| (bot, method)));
    let asked = asked.flat_map(|ask| paths.iter().map(move |path| (ask, path)));
    for ((bot, method), path) in asked.cycle().take(1_000) {
        let request = Request::builder().method(method).uri(path).header(header::USER_AGENT, *bot);
        let seen = world.browser().send(request, Body::empty()).await.is(StatusCode::OK);
        assert_eq!(seen.body.is_empty(), *method == Method::HEAD);
        let title = seen.body.split("<title>").nth(1).unwrap_or_default();
        let title = title.split("</title>").next().unwrap_or_default();
        assert!(!title.contains("Thandi") && !title.contains("Unit 4"), "{title}");
        let (head, said) = seen.body.split_once("<body>").unwrap_or_default();
        assert!(!head.contains("Thandi") && !head.contains("Unit 4"), "{head}");
        for pass in [&issued, &revoked] {
            assert!(!said.contains(&format!(">{}<", digits(pass))), "the digits");
            assert!(!said.contains(&pass.pass.reference.reveal()), "the reference");
            assert!(!said.contains(&pass.pass.guest.mobile.reveal()[1..]), "the guest's number");
        }
        assert!(!said.contains("tel:") && !said.contains("27821234567"), "the host's number");
    }
    let mut bot = world.browser();
    for path in [link(&issued), "/enter".to_owned(), "/exit".to_owned(), "/scan".to_owned()] {
        bot.get(&path).await;
    }
    assert!(world.books() == before, "the database is another one");
}

#[tokio::test]
async fn names_are_text_whatever_they_say() {
    let world = World::new().await;
    let evil = r#""><script>alert(1)</script>"#;
    world.renames_intercom(evil).await;
    let issued = world.issues_to(evil).await;
    let mut guest = world.browser();
    for path in [link(&issued), world.board.clone(), world.other_board.clone()] {
        let page = guest.get(&path).await.says("&#62;&#60;script&#62;");
        assert!(!page.body.contains("<script>"), "{}", page.body);
    }
    let mut stranger = world.browser();
    let page = stranger.get(&world.board).await;
    let (key, ticket) = (page.hidden("key"), page.hidden("ticket"));
    let fields =
        [("code", "0427"), ("key", &key), ("ticket", &ticket), ("reference", "%22%3E%3Cscript%3E")];
    let page = stranger.post("/enter", &fields).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.says("&#34;&#62;&#60;script&#62;").body.contains("<script>"));
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_the_guest_pages() {
    let world = World::at("https://gate.example").await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let mut answers = vec![form.send(&mut guest, wrong_digits(&issued)).await];
    answers.push(form.send(&mut guest, &digits(&issued)).await);
    for path in ["/", "/x", "/b/x", "/robots.txt", &link(&issued), &world.board] {
        answers.push(guest.get(path).await);
    }
    for answer in answers {
        let csp = answer.header("content-security-policy");
        assert!(csp.starts_with("default-src 'none'; script-src 'self' 'sha256-"), "{csp}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-robots-tag"), "noindex");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("permissions-policy"), "camera=(self), geolocation=()");
        assert_eq!(answer.header("cache-control"), "no-store");
        let tls = answer.header("strict-transport-security");
        assert_eq!(tls, "max-age=31536000; includeSubDomains");
    }
}

#[tokio::test]
async fn the_cookie_is_bound_to_the_host_over_tls_and_works_without() {
    for (url, cookie) in [
        (
            "https://gate.example",
            "__Host-g=TOKEN; Path=/; Max-Age=259200; HttpOnly; SameSite=Lax; Secure",
        ),
        ("http://localhost:8080", "g=TOKEN; Path=/; Max-Age=259200; HttpOnly; SameSite=Lax"),
    ] {
        let world = World::at(url).await;
        let issued = world.issues().await;
        let page = world.browser().get(&link(&issued)).await;
        let cookie = cookie.replace("TOKEN", &issued.pass.link.reveal());
        assert_eq!(page.header("set-cookie"), cookie);
        assert_eq!(page.headers.contains_key("strict-transport-security"), url.contains("https"));
        world.lets_in(&issued).await;
    }
}

#[tokio::test]
async fn a_browser_that_restores_a_page_it_posted_is_led_to_the_pass() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await;
    guest.get("/enter").await.leads_to(&issued);
    guest.get("/exit").await.leads_to(&issued);
    guest.get("/scan").await.leads_to(&issued);
}

#[tokio::test]
async fn who_comes_without_a_link_is_told_to_open_it() {
    let world = World::new().await;
    let mut stranger = world.browser();
    stranger.get("/robots.txt").await.says("Disallow: /");
    stranger.get("/").await.says("Open the link your host sent you.");
    stranger.get("/favicon.ico").await.is(StatusCode::NO_CONTENT);
}
