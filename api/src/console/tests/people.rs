//! Users of a device: invited, changed, removed, imported.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::guest::tests::world::{Browser, Seen, World};

const NUMBER: &str = "%2B27825559999";

async fn owner_of(world: &World) -> Browser {
    let mut owner = world.browser();
    owner.signs_in(world).await;
    owner
}

/// The address of the page of the only one in the list.
fn their_page(list: &Seen) -> String {
    let rest = list.body.split("/people/user_").nth(1).unwrap();
    let before = list.body.split("/people/user_").next().unwrap();
    let device = before.rsplit("href=\"").next().unwrap();
    format!("{device}/people/user_{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn an_owner_invites_somebody_changes_their_type_and_removes_them_with_their_codes() {
    let world = World::new().await;
    let (mut owner, mut other) = (owner_of(&world).await, world.browser());
    let device = format!("/console/devices/{}", world.intercom);
    let (list, invite) = (format!("{device}/people"), format!("{device}/people/invite"));
    owner.get(&device).await.says(&list);
    owner.get(&list).await.says("Nobody has been invited yet").says(&invite);
    let page = owner.get(&invite).await.says("Which access do they get?");
    page.says(&format!("{invite}?type=repeat")).says("within the tenant settings");
    let page = owner.get(&format!("{invite}?type=repeat")).await.is(StatusCode::OK);
    let page = page.says(r#"type="time""#).says("Saturday").says("Africa/Johannesburg");
    page.says(r#"name="wifi" value="yes" checked"#)
        .does_not_say(r#"name="one_time_access" value="yes" checked"#);
    let wish = [
        ("type", "repeat"),
        ("phone", NUMBER),
        ("name", "Nomsa"),
        ("from", "08:00"),
        ("until", "17:00"),
        ("wifi", "yes"),
        ("one_time_access", "yes"),
    ];
    let page = owner.post(&invite, &wish).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Choose at least one day").says(r#"value="Nomsa""#).says(r#"value="08:00""#);
    let wish = [&wish[..], &[("saturday", "yes")]].concat();
    Browser::leads(&owner.post(&invite, &wish).await, &format!("{list}?done=invited"));
    let page = owner.get(&list).await.says("Nomsa").says("Repeat");
    let nomsa = their_page(&page.says("from 08:00 (SAST) on 30\u{a0}May"));

    other.signs_in_as(NUMBER, &world).await;
    let page = other.get(&device).await.says("Your access").says("Repeat");
    page.does_not_say("/people").does_not_say("/name");
    let codes = format!("/console/intercoms/{}/codes", world.intercom);
    other.get(&codes).await.is(StatusCode::FORBIDDEN).says("does not hold at this time");
    other.get(&list).await.is(StatusCode::FORBIDDEN);

    owner.get(&nomsa).await.says("+27825559999").says(r#"name="saturday" value="yes" checked"#);
    owner.get(&format!("{nomsa}/type")).await.says(&format!("{nomsa}?type=always"));
    owner.get(&format!("{nomsa}?type=always")).await.does_not_say("Saturday");
    let change = [("type", "always"), ("name", "Nomsa"), ("one_time_access", "yes")];
    Browser::leads(&owner.post(&nomsa, &change).await, &format!("{list}?done=changed"));
    let form = format!("/console/intercoms/{}/invite", world.intercom);
    let key = other.get(&form).await.is(StatusCode::OK).hidden("key");
    let typed = [("name", "Thandi"), ("mobile", "0825550001"), ("key", &key)];
    let made = other.post(&form, &typed).await.is(StatusCode::SEE_OTHER);
    let code = made.header("location").trim_end_matches("/send").to_owned();

    let page = owner.get(&format!("{nomsa}/remove")).await.says("Remove Nomsa?");
    page.says("Also delete the code they made");
    let removed = owner.post(&format!("{nomsa}/remove"), &[("also_revoke", "yes")]).await;
    Browser::leads(&removed, &format!("{list}?done=removed"));
    other.get(&device).await.is(StatusCode::NOT_FOUND);
    owner.get(&codes).await.says("No code is active");
    owner.get(&code).await.says("Made by a former user");
    owner.get(&nomsa).await.is(StatusCode::NOT_FOUND);
}

/// X4: the grant is the owner's alone to give and to take.
#[tokio::test]
async fn x4_who_has_full_access_changes_people_and_leaves_the_grant_as_it_is() {
    let world = World::new().await;
    let (mut owner, mut full) = (owner_of(&world).await, world.browser());
    world.shares_with("+27825559999", true).await;
    let device = format!("/console/devices/{}", world.intercom);
    let list = format!("{device}/people");
    let them = their_page(&owner.get(&list).await);
    owner.get(&them).await.says(r#"name="one_time_access" value="yes" checked"#);
    let wish = [("type", "full"), ("phone", "%2B27825550002"), ("wifi", "yes")];
    owner.post(&format!("{list}/invite"), &wish).await.is(StatusCode::SEE_OTHER);
    full.signs_in_as("%2B27825550002", &world).await;
    full.get(&them).await.is(StatusCode::OK).does_not_say("one_time_access");
    full.get(&format!("{list}/import")).await.is(StatusCode::OK).does_not_say("one_time_access");
    full.get(&them).await.does_not_say(&format!("{them}/type"));
    let change = [("type", "always"), ("name", "Nomsa")];
    Browser::leads(&full.post(&them, &change).await, &format!("{list}?done=changed"));
    let page = owner.get(&them).await.says("Nomsa").says(&format!("{them}/type"));
    page.says(r#"name="one_time_access" value="yes" checked"#);
}

/// X22: taking the grant away asks about the codes as removing does.
#[tokio::test]
async fn s_3_x22_an_owner_takes_the_grant_and_the_codes_on_a_page() {
    let world = World::new().await;
    let (mut owner, mut host) = (owner_of(&world).await, world.browser());
    world.shares_with("+27825559999", true).await;
    let list = format!("/console/devices/{}/people", world.intercom);
    let them = their_page(&owner.get(&list).await);
    owner.get(&them).await.does_not_say("also_revoke");
    host.signs_in_as(NUMBER, &world).await;
    let form = format!("/console/intercoms/{}/invite", world.intercom);
    let key = host.get(&form).await.hidden("key");
    let typed = [("name", "Thandi"), ("mobile", "0825550001"), ("key", &key)];
    host.post(&form, &typed).await.is(StatusCode::SEE_OTHER);
    owner.get(&them).await.says("Also delete the code they made").says("also_revoke");
    let kept = [("type", "always"), ("one_time_access", "yes"), ("also_revoke", "yes")];
    owner.post(&them, &kept).await.is(StatusCode::SEE_OTHER);
    let codes = format!("/console/intercoms/{}/codes", world.intercom);
    owner.get(&codes).await.says("Thandi");
    let taken = [("type", "always"), ("also_revoke", "yes")];
    Browser::leads(&owner.post(&them, &taken).await, &format!("{list}?done=changed"));
    owner.get(&codes).await.does_not_say("Thandi").says("No code is active");
    host.get(&codes).await.is(StatusCode::FORBIDDEN);
}

/// S-5: without the box ticked, codes stay, and say that their maker has gone.
#[tokio::test]
async fn s_5_codes_of_who_has_gone_stay_and_are_a_former_users() {
    let world = World::new().await;
    let (mut owner, mut other) = (owner_of(&world).await, world.browser());
    world.shares_with("+27825559999", true).await;
    other.signs_in_as(NUMBER, &world).await;
    let form = format!("/console/intercoms/{}/invite", world.intercom);
    let key = other.get(&form).await.hidden("key");
    let typed = [("name", "Thandi"), ("mobile", "0825550001"), ("key", &key)];
    let made = other.post(&form, &typed).await.is(StatusCode::SEE_OTHER);
    let code = made.header("location").trim_end_matches("/send").to_owned();
    owner.get(&code).await.says("Made by somebody else");
    let list = format!("/console/devices/{}/people", world.intercom);
    let them = their_page(&owner.get(&list).await.says("+27825559999"));
    owner.post(&format!("{them}/remove"), &[]).await.is(StatusCode::SEE_OTHER);
    owner.get(&code).await.says("Made by a former user").says("Delete");
    let codes = format!("/v1/intercoms/{}/codes", world.intercom);
    let json = world.owner_asks(axum::http::Method::GET, &codes, "").await;
    // The console has displaced the app's session.
    json.is(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_tenant_invites_a_guest_for_a_while_and_sees_nobody_else() {
    let world = World::new().await;
    let (mut owner, mut tenant) = (owner_of(&world).await, world.browser());
    let device = format!("/console/devices/{}", world.intercom);
    let (list, invite) = (format!("{device}/people"), format!("{device}/people/invite"));
    let wish = [("type", "tenant"), ("phone", NUMBER), ("name", "Nomsa"), ("wifi", "yes")];
    owner.post(&invite, &wish).await.is(StatusCode::SEE_OTHER);
    let page = owner.get(&format!("{device}/tenants")).await.says(r#"value="720" selected"#);
    let settings = [
        ("longest_invitation_minutes", "60"),
        ("max_active_invitations", "1"),
        ("version", &page.hidden("version")),
    ];
    let saved = owner.post(&format!("{device}/tenants"), &settings).await;
    Browser::leads(&saved, &format!("{list}?done=changed"));
    let stale = owner.post(&format!("{device}/tenants"), &settings).await;
    stale.is(StatusCode::PRECONDITION_FAILED).says("Somebody saved meanwhile");

    tenant.signs_in_as(NUMBER, &world).await;
    let page = tenant.get(&list).await.says("Nobody has been invited yet");
    page.does_not_say("Nomsa").does_not_say("/tenants").does_not_say("/import");
    tenant.get(&format!("{device}/tenants")).await.is(StatusCode::FORBIDDEN);
    tenant.get(&format!("{list}/import")).await.is(StatusCode::FORBIDDEN);
    let page = tenant.get(&invite).await.says(r#"type="datetime-local""#);
    let page = page.does_not_say("one_time_access").says("Temporary");
    let value = |name: &str| {
        let rest = page.body.split(&format!(r#"name="{name}""#)).nth(1).unwrap();
        rest.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let (from, until) = (value("from"), value("until"));
    let wish = |until| {
        [
            ("type", "temporary"),
            ("phone", "0825550001"),
            ("name", "Guest"),
            ("from", from.as_str()),
            ("until", until),
            ("wifi", "yes"),
        ]
    };
    let later = |minutes| {
        let until = world.now() + Duration::from_mins(minutes);
        crate::console::people::wall(until, "Africa/Johannesburg")
    };
    let too_late = later(90);
    let long = tenant.post(&invite, &wish(&too_late)).await.is(StatusCode::CONFLICT);
    long.says("Tenants may not invite for so long");
    tenant.post(&invite, &wish(&until)).await.is(StatusCode::SEE_OTHER);
    let page = tenant.get(&list).await.says("Guest").says("until ");
    let guest = their_page(&page);
    let page = tenant
        .get(&guest)
        .await
        .is(StatusCode::OK)
        .does_not_say("<form method=\"post\" action=\"/console/devices");
    page.says("/remove");
    tenant.post(&guest, &[("type", "always")]).await.is(StatusCode::FORBIDDEN);
    let full = tenant.post(&invite, &wish(&until)).await.is(StatusCode::CONFLICT);
    full.says("as many guests as tenants may");
    let removed = tenant.post(&format!("{guest}/remove"), &[]).await;
    Browser::leads(&removed, &format!("{list}?done=removed"));
}

#[tokio::test]
async fn a_list_is_looked_at_first_and_taken_when_it_is_meant() {
    let world = World::new().await;
    let mut owner = owner_of(&world).await;
    let list = format!("/console/devices/{}/people", world.intercom);
    let import = format!("{list}/import");
    owner
        .get(&import)
        .await
        .says(r#"enctype="multipart/form-data""#)
        .says(r#"<div role="status"></div>"#)
        .does_not_say("name=\"import\"");
    let lines = "Name,Phone,Notes\r\nZoë <b>,0825550001,Unit 7\r\nSipho,12,\r\n";
    let file = [("type", "tenant"), ("list", ""), ("file", lines)];
    let page = owner.uploads(&import, &file).await.is(StatusCode::OK);
    let page = page.says("Nothing has been changed yet. New: 1.").says("Line 2: will be added");
    let page = page.says("Line 3: this is no mobile number").says("name=\"import\"");
    page.says("Zoë &#60;b&#62;").says(r#"value="tenant" selected"#);
    owner.get(&list).await.says("Nobody has been invited yet");
    let typed = [("type", "tenant"), ("list", lines), ("file", ""), ("import", "yes")];
    let page = owner.uploads(&import, &typed).await.says("Imported. New: 1.").says("Line 2: added");
    page.does_not_say("name=\"import\"");
    owner.get(&list).await.says("Zoë &#60;b&#62;").says("Tenant");
    let large = "x,+27825550001,\n".repeat(20_000);
    let page = owner.uploads(&import, &[("type", "always"), ("list", &large)]).await;
    page.is(StatusCode::PAYLOAD_TOO_LARGE);
    let foreign = Request::post(&import).header("sec-fetch-site", "cross-site");
    owner.send(foreign, Body::empty()).await.is(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_line_whose_quotes_are_bad_is_told_and_those_after_it_are_taken() {
    let world = World::new().await;
    let mut owner = owner_of(&world).await;
    let list = format!("/console/devices/{}/people", world.intercom);
    let lines = "Zoë,0825550001,\"Unit 7\r\nSipho,0825550002,\r\n";
    let typed = [("type", "tenant"), ("list", lines), ("file", ""), ("import", "yes")];
    let page = owner.uploads(&format!("{list}/import"), &typed).await.says("Imported. New: 1.");
    page.says("Line 1: a quotation mark is missing or one too many").says("Line 2: added");
    owner.get(&list).await.says("Sipho").does_not_say("Zoë");
}

impl Browser {
    /// Sends a form that may hold files.
    async fn uploads(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let field = |(name, text): &(&str, &str)| {
            let file = if *name == "file" { "; filename=\"list.csv\"" } else { "" };
            format!(
                "--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n"
            )
        };
        let body: String = fields.iter().map(field).chain(["--XX--\r\n".to_owned()]).collect();
        let request = Request::post(path);
        let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
        self.send(request, Body::from(body)).await
    }
}
