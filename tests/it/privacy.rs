//! What is kept about people goes when it is due or when they ask for it, and what happened stays
//! proved.

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::home::Home;
use crate::house::{House, is_installed, until};

const PAPER: &str = include_str!("../../docs/privacy.md");

/// Beside a service that runs: what a guest left behind is told, shown in the audit, erased
/// everywhere, and proved to have been nobody else's as long as it is there.
#[tokio::test(flavor = "multi_thread")]
async fn p_13_a_guest_is_exported_and_erased_and_the_chain_verifies() {
    let mut home = Home::start().await;
    let (visited, mut guest) = home.lets_in("Thandi").await;
    let exit = guest.leaves(&visited.digits).await.attempt();
    home.attempt_is(&exit, "opened").await;
    let mobile = visited.body["guest_mobile"].as_str().unwrap().to_owned();
    let wish = json!({ "name": "Thandi M", "mobile": mobile });
    let asked = home.owner.asks_for_a_code(&home.intercom, "another", &wish).await;
    let live = crate::owner::code(asked.ok());
    let other = home.issues("Sipho").await;

    let export = |house: &House| -> Value {
        serde_json::from_str(&house.told_to(&["person", "export", &mobile]).unwrap()).unwrap()
    };
    let kept = export(&home.house);
    let names: Vec<_> = items(&kept["as_guest"]).map(|pass| pass["name"].clone()).collect();
    assert_eq!((names, &kept["account"]), (vec![json!("Thandi"), json!("Thandi M")], &json!(null)));
    let secrets = [&visited.digits, &live.digits, &live.link];
    assert!(!secrets.iter().any(|secret| kept.to_string().contains(secret.as_str())), "{kept}");
    let intercom = home.intercom.id.clone();
    let issued = issued_of(&home.house, &intercom, &visited.id, &["--guests"]).await;
    assert_eq!(
        (&issued["guest"]["name"], &issued["guest"]["mobile"]),
        (&json!("Thandi"), &json!(mobile))
    );
    assert_eq!(issued["commitment"], commitment_to(&issued["guest"]));
    let plain = issued_of(&home.house, &intercom, &visited.id, &[]).await;
    assert_eq!((&plain["guest"], &plain["link"]), (&json!("kept"), &issued["link"]));

    let refused = home.house.told_to(&["person", "erase", &mobile]).unwrap_err();
    assert!(refused.contains(&live.id) && !refused.contains(&visited.id), "{refused}");
    assert_eq!(export(&home.house)["as_guest"], kept["as_guest"], "nothing was erased");
    let told = home.house.told_to(&["person", "erase", &mobile, "--revoke"]).unwrap();
    assert!(
        told.contains(&format!("{} was revoked", live.id)) && !told.contains(&mobile),
        "{told}"
    );
    let again = home.house.told_to(&["person", "erase", &mobile]).unwrap();
    assert_eq!(again, "Nothing is kept about this number.\n");

    assert_eq!(export(&home.house)["as_guest"], json!([]));
    let page = reqwest::get(&live.link).await.unwrap();
    assert_eq!(page.status(), 404, "the link leads nowhere");
    let history = home.owner.history(&home.intercom).await;
    assert!(history.len() == 2 && history.iter().all(|past| past["guest_name"].is_null()));
    let others = home.owner.get(&format!("/v1/codes/{}", other.id)).await.ok();
    assert_eq!(others["guest_name"], "Sipho", "other guests stay");
    let erased = issued_of(&home.house, &intercom, &visited.id, &["--guests"]).await;
    assert_eq!(erased["guest"], "erased");
    assert_eq!((&erased["commitment"], &erased["link"]), (&issued["commitment"], &issued["link"]));
    let told = home.house.told_to(&["audit", "verify"]).unwrap();
    assert!(told.contains(&intercom) && !told.contains("nothing"), "{told}");

    let events = home.house.events_of(&intercom).await;
    assert!(events.contains(&"pass.revoked".to_owned()), "{events:?}");
    assert!(!home.house.printed().contains(&mobile[1..]), "the log names nobody");
    home.house.stop();
    let books = books(&home.house);
    for gone in ["Thandi", "Sipho", &mobile[1..], &visited.reference, &live.reference] {
        assert!(!holds(&books, gone.as_bytes()), "{gone} stands in the file");
    }
}

/// Rank 18: a month later the service forgets by itself, and says so without a name.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_after_a_visit_its_guest_is_forgotten_and_the_chain_verifies() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    let exit = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&exit, "opened").await;
    let (mobile, intercom) =
        (code.body["guest_mobile"].as_str().unwrap().to_owned(), home.intercom.id.clone());
    let before = issued_of(&home.house, &intercom, &code.id, &[]).await;
    assert_eq!(before["guest"], "kept");

    home.house.sleeps("+31d").await;
    let forgotten = until(async || {
        let now = issued_of(&home.house, &intercom, &code.id, &[]).await;
        (now["guest"] == "erased").then_some(now)
    });
    let after = forgotten.await.expect("the sweep at the start forgets");
    assert_eq!((&after["commitment"], &after["link"]), (&before["commitment"], &before["link"]));
    let told = home.house.told_to(&["audit", "verify"]).unwrap();
    assert!(told.contains(&intercom) && !told.contains("nothing"), "{told}");
    home.house.stop();
    let books = books(&home.house);
    for gone in ["Thandi", &mobile[1..]] {
        assert!(!holds(&books, gone.as_bytes()), "{gone} stands in the file");
    }
}

#[test]
fn every_table_stands_in_the_paper_on_privacy() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let rows: String = PAPER.lines().filter(|line| line.starts_with("| `")).collect();
    let (mut missing, mut tables) = (Vec::new(), 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("CREATE TABLE ") else { continue };
            let name = rest.split([' ', '(']).next().unwrap();
            // A table that is made anew takes the name of the one before it.
            if text.contains(&format!("ALTER TABLE {name} RENAME TO")) {
                continue;
            }
            tables += 1;
            if !rows.contains(&format!("`{name}`")) {
                missing.push(name.to_owned());
            }
        }
    }
    assert!(20 < tables, "the migrations are read");
    assert_eq!(missing, [""; 0], "docs/privacy.md says what they keep of people");
}

/// The entry of a code's making, once it is filed.
async fn issued_of(house: &House, intercom: &str, code: &str, options: &[&str]) -> Value {
    let arguments = [&["audit", "export", intercom][..], options].concat();
    let filed = until(async || {
        let export = house.told_to(&arguments).ok()?;
        let mut lines = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.find(|entry| entry["type"] == "pass.issued" && entry["code"] == code)
    });
    filed.await.expect("it is filed")
}

/// The commitment by the rule of docs/events.md alone.
fn commitment_to(guest: &Value) -> String {
    let text = |name: &str| guest[name].as_str().unwrap().to_owned();
    let salt = data_encoding::HEXLOWER.decode(text("salt").as_bytes()).unwrap();
    let mut bytes = b"fluss/v1/guest".to_vec();
    for field in [salt, text("name").into_bytes(), text("mobile").into_bytes()] {
        bytes.extend((field.len() as u64).to_be_bytes());
        bytes.extend(field);
    }
    data_encoding::HEXLOWER.encode(digest(&SHA256, &bytes).as_ref())
}

/// The file of the database, with its journal if one is left.
fn books(house: &House) -> Vec<u8> {
    let file = house.data.join("fluss.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend(std::fs::read(file.with_extension("db-wal")).unwrap_or_default());
    bytes
}

fn holds(books: &[u8], what: &[u8]) -> bool {
    books.windows(what.len()).any(|window| window == what)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().unwrap().iter()
}
