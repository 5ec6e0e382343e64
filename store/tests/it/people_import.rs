//! Lists of people: the good ones are added, nobody else learns or loses anything by it.

use domain::name::{Notes, PersonName};
use domain::permission::Denied;
use domain::share::{Access, Share};
use domain::{PhoneNumber, UserId};
use store::{Imported, InviteRefusal, Listed};

use crate::races::{both, saved};
use crate::world::World;

crate::on_both_databases![
    a_list_adds_who_is_new_and_leaves_who_is_there,
    a_list_tells_of_no_number_whether_it_has_an_account,
    only_who_administers_people_imports_them,
    of_two_lists_at_once_each_number_is_added_once,
];

const TENANTS: Share = Share { access: Access::Tenant, one_time_access: true, wifi: true };

async fn a_list_adds_who_is_new_and_leaves_who_is_there(world: World) {
    let kept = world.invites(world.owner, &number(2), Access::Always).await.unwrap().user;
    let expected = [Imported::Added, Imported::AlreadyThere, Imported::Added];
    let looked = world.imports(world.owner, list(1..=3), true).await;
    assert_eq!(looked.unwrap(), expected);
    assert_eq!(world.people(world.owner).await.unwrap().len(), 1, "looked at, and no more");
    assert_eq!(world.imports(world.owner, list(1..=3), false).await.unwrap(), expected);
    let people = world.people(world.owner).await.unwrap();
    assert_eq!(people.len(), 3);
    for person in people {
        let is_new = person.user != kept;
        assert_eq!(person.share == TENANTS, is_new);
        assert_eq!(person.name.unwrap().as_str() == "Zoë", is_new);
        assert_eq!(person.notes.unwrap().as_str() == "Unit 7", is_new);
    }
    let again = world.imports(world.owner, list(1..=3), false).await.unwrap();
    assert_eq!(again, [Imported::AlreadyThere; 3]);
    let own = Listed { phone: World::phone("+27821234567"), name: None, notes: None };
    let own = world.imports(world.owner, vec![own], false).await.unwrap();
    assert_eq!(own, [Imported::AlreadyThere], "the owner's own number");
    world.files_all().await;
    let told = world.told(world.owner, None, 1000).await;
    let added = told.iter().filter(|event| event.kind == "person.added").count();
    assert_eq!(added, 3);
}

async fn a_list_tells_of_no_number_whether_it_has_an_account(world: World) {
    let known = world.signs_in(&number(1)).await.user;
    let answers = world.imports(world.owner, list(1..=2), true).await.unwrap();
    assert_eq!(answers, [Imported::Added; 2]);
    let answers = world.imports(world.owner, list(1..=2), false).await.unwrap();
    assert_eq!(answers, [Imported::Added; 2]);
    let people = world.people(world.owner).await.unwrap();
    let other = people.iter().find(|person| person.user != known).unwrap();
    // The other kinds of ids begin with the moment at which they were made.
    let began = world.intercom.to_bytes();
    for user in [known, other.user] {
        assert_ne!(user.to_bytes()[..5], began[..5], "{user} says since when it is known");
    }
}

async fn only_who_administers_people_imports_them(world: World) {
    let tenant = world.invites(world.owner, &number(1), Access::Tenant).await.unwrap().user;
    let full = world.invites(world.owner, &number(2), Access::Full).await.unwrap().user;
    let stranger = world.signs_in(&number(3)).await.user;
    for (user, denied) in [(tenant, Denied::NotOwner), (stranger, Denied::Unknown)] {
        let refused = world.imports(user, list(4..=5), false).await.unwrap_err();
        assert_eq!(refused, InviteRefusal::Denied(denied));
    }
    // The grant is the owner's alone to give; the rest is who administers people.
    let refused = world.imports(full, list(4..=5), false).await.unwrap_err();
    assert_eq!(refused, InviteRefusal::Denied(Denied::NoPermission));
    world.imports(world.owner, list(4..=5), true).await.unwrap();
    let unknown = world.count("SELECT COUNT(*) FROM users").await;
    assert_eq!(unknown, 4, "nothing is kept of numbers that were refused or only looked at");
    let (people, id) = (world.store.people(), world.intercom.to_string());
    let share = Share { one_time_access: false, ..TENANTS };
    let added = people.import(full, id, list(4..=5), share, false, world.now()).await.unwrap();
    assert_eq!(added.unwrap(), [Imported::Added; 2]);
}

/// The lists come in opposite order, and neither waits for the other for ever.
async fn of_two_lists_at_once_each_number_is_added_once(world: World) {
    let world = saved(world).await;
    let mut back: Vec<_> = list(1..=40);
    back.reverse();
    let (one, other) = (world.clone(), world.clone());
    let answers = both(
        async move { one.imports(one.owner, list(1..=40), false).await.unwrap() },
        async move { other.imports(other.owner, back, false).await.unwrap() },
    );
    let (forth, back) = answers.await;
    let added = forth.iter().chain(&back).filter(|answer| **answer == Imported::Added);
    assert_eq!(added.count(), 40);
    assert_eq!(world.people(world.owner).await.unwrap().len(), 40);
}

fn number(last: u32) -> String {
    format!("+2783000{last:04}")
}

fn list(numbers: std::ops::RangeInclusive<u32>) -> Vec<Listed> {
    let listed = |last| Listed {
        phone: PhoneNumber::parse(&number(last), None).unwrap(),
        name: Some(PersonName::parse("Zoë").unwrap()),
        notes: Some(Notes::parse("Unit 7").unwrap()),
    };
    numbers.map(listed).collect()
}

impl World {
    async fn imports(
        &self,
        by: UserId,
        list: Vec<Listed>,
        only_look: bool,
    ) -> Result<Vec<Imported>, InviteRefusal> {
        let (people, id) = (self.store.people(), self.intercom.to_string());
        let answers = people.import(by, id, list, TENANTS, only_look, self.now()).await;
        answers.expect("no fault")
    }
}
