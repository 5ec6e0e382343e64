//! Webhooks: the secrets that sign, and who is told next.

use std::time::Duration;

use domain::WebhookId;
use domain::secret::WebhookSecret;
use domain::webhook::{OLD_SECRET_HOLDS, PAUSES};
use store::Receivers;

use crate::world::World;

crate::on_both_databases![
    each_secret_that_was_replaced_signs_until_its_own_day_is_over,
    an_old_secret_of_an_older_row_signs_on,
    receivers_are_told_in_turn_those_that_failed_among_themselves,
];

const MILLISECOND: Duration = Duration::from_millis(1);

/// The answer to the first rotation was lost, so it is sent again: the receiver has the original.
async fn each_secret_that_was_replaced_signs_until_its_own_day_is_over(world: World) {
    let (id, original) = world.makes_a_webhook().await;
    let middle = world.rotates(id).await;
    let hour = Duration::from_hours(1);
    world.later(hour);
    let new = world.rotates(id).await;
    assert_eq!(world.signing(id).await, [new.clone(), middle.clone(), original.clone()]);
    world.later(OLD_SECRET_HOLDS.saturating_sub(hour + MILLISECOND));
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(world.signing(id).await, [new.clone(), middle.clone(), original]);
    world.later(MILLISECOND);
    assert_eq!(world.signing(id).await, [new.clone(), middle.clone()]);
    world.later(hour.saturating_sub(MILLISECOND));
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(world.signing(id).await, [new.clone(), middle]);
    world.later(MILLISECOND);
    assert_eq!(world.signing(id).await, [new]);
}

/// Such a row has one old secret, sealed together with the address.
async fn an_old_secret_of_an_older_row_signs_on(world: World) {
    let (id, original) = world.makes_a_webhook().await;
    let (half, until) = (OLD_SECRET_HOLDS / 2, world.now() + OLD_SECRET_HOLDS);
    let until = until.as_millis();
    world.runs(&format!("UPDATE webhooks SET old_sealed = sealed, old_until = {until}")).await;
    assert_eq!(world.signing(id).await, [original.clone(), original.clone()]);
    world.later(half);
    let new = world.rotates(id).await;
    assert_eq!(world.signing(id).await, [new.clone(), original.clone(), original.clone()]);
    world.later(half);
    assert_eq!(world.signing(id).await, [new.clone(), original]);
    world.later(half);
    assert_eq!(world.signing(id).await, [new]);
}

async fn receivers_are_told_in_turn_those_that_failed_among_themselves(world: World) {
    use Receivers::{Failing, Taking};
    let (webhooks, mut hooks) = (world.store.webhooks(), Vec::new());
    for _ in 0..4 {
        hooks.push(world.makes_a_webhook().await.0);
        world.later(MILLISECOND);
    }
    let [first, second, third, fourth] = hooks[..] else { panic!("{hooks:?}") };
    let due = async |receivers, last, at_most| -> Vec<WebhookId> {
        let due = webhooks.due(receivers, last, at_most, world.now()).await.unwrap();
        assert!(due.iter().all(|(_, owner)| *owner == world.owner));
        due.into_iter().map(|(webhook, _)| webhook).collect()
    };
    assert_eq!(due(Taking, None, 9).await, [], "nothing is to be told");
    world.makes_gate(world.owner, "Side Gate").await;
    world.store.events().file(world.now()).await.unwrap();
    assert_eq!(due(Taking, None, 9).await, hooks);
    assert_eq!(due(Taking, Some(second), 9).await, [third, fourth, first, second]);
    assert_eq!(due(Taking, Some(second), 3).await, [third, fourth, first]);
    assert_eq!(due(Taking, Some(fourth), 9).await, hooks);

    webhooks.end(world.owner, third, world.now()).await.unwrap();
    for failing in [second, fourth] {
        let claimed = webhooks.claim(failing, world.now()).await.unwrap();
        webhooks.failed(&claimed[0], "answered 500".to_owned(), world.now()).await.unwrap();
    }
    assert_eq!(due(Taking, None, 9).await, [first]);
    assert_eq!(due(Failing, None, 9).await, [], "not before its pause is over");
    world.later(PAUSES[0]);
    assert_eq!(due(Failing, Some(second), 9).await, [fourth, second]);

    let claimed = webhooks.claim(second, world.now()).await.unwrap();
    webhooks.told(second, claimed[0].event.id, world.now()).await.unwrap();
    world.makes_gate(world.owner, "Back Gate").await;
    world.store.events().file(world.now()).await.unwrap();
    assert_eq!(due(Taking, None, 9).await, [first, second], "it takes messages again");
    assert_eq!(due(Failing, None, 9).await, [fourth]);
}

impl World {
    async fn makes_a_webhook(&self) -> (WebhookId, WebhookSecret) {
        let (webhooks, url) = (self.store.webhooks(), "https://example.com/hook".to_owned());
        let secret = WebhookSecret::random(&*self.dice);
        let made = webhooks.make(self.owner, url, secret.clone(), self.now()).await;
        (made.unwrap().unwrap().id, secret)
    }

    async fn rotates(&self, id: WebhookId) -> WebhookSecret {
        let (webhooks, secret) = (self.store.webhooks(), WebhookSecret::random(&*self.dice));
        webhooks.rotate(self.owner, id, secret.clone(), self.now()).await.unwrap().unwrap();
        secret
    }

    /// The secrets by which messages are signed now.
    async fn signing(&self, id: WebhookId) -> Vec<WebhookSecret> {
        let found = self.store.webhooks().find(self.owner, id, self.now()).await;
        found.unwrap().unwrap().secrets
    }
}
