//! Who may publish and subscribe what. Whatever is not written here is refused.

use protocol::{Topic, Up};

use crate::identity::Identity;

impl Identity {
    /// The topic, if this client may publish to it.
    pub(crate) fn may_publish(&self, topic: &str) -> Option<Topic> {
        let topic = Topic::parse(topic).ok()?;
        let allowed = match (self, &topic) {
            (Self::Gate(id), Topic::Up(gate, _)) => id == gate,
            (Self::Service, Topic::Down(..)) => true,
            (Self::Gate(_), Topic::Down(..)) | (Self::Service, Topic::Up(..)) => false,
        };
        allowed.then_some(topic)
    }

    /// Whether this client may subscribe to exactly this filter.
    pub(crate) fn may_subscribe(&self, filter: &str) -> bool {
        match self {
            Self::Gate(id) => match Topic::parse(filter) {
                Ok(Topic::Down(gate, _)) => *id == gate,
                Ok(Topic::Up(..)) | Err(_) => false,
            },
            Self::Service => Up::ALL.iter().any(|up| up.of_all_gates() == filter),
        }
    }

    /// The topic, if this client's will may go to it.
    pub(crate) fn may_leave_will(&self, topic: &str) -> Option<Topic> {
        self.may_publish(topic).filter(|topic| matches!(topic, Topic::Up(_, Up::Presence)))
    }

    /// The filter by which this client hears the topic.
    pub(crate) fn filter_for(&self, topic: &Topic) -> Option<String> {
        match (self, topic) {
            (Self::Gate(_), Topic::Down(..)) => Some(topic.to_string()),
            (Self::Service, Topic::Up(_, up)) => Some(up.of_all_gates()),
            (Self::Gate(_), Topic::Up(..)) | (Self::Service, Topic::Down(..)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Down, GateId};

    use super::*;

    fn gate(id: &str) -> Identity {
        Identity::Gate(GateId::parse(id).unwrap())
    }

    #[test]
    fn a_gate_speaks_up_and_hears_down_and_only_for_itself() {
        let own = GateId::parse("gate_7").unwrap();
        let other = GateId::parse("gate_8").unwrap();
        let me = gate("gate_7");
        for up in Up::ALL {
            let [mine, theirs] = [&own, &other].map(|id| Topic::Up(id.clone(), up).to_string());
            assert!(me.may_publish(&mine).is_some(), "{mine}");
            assert!(me.may_publish(&theirs).is_none(), "{theirs}");
            assert!(!me.may_subscribe(&mine) && !me.may_subscribe(&theirs));
            assert!(!me.may_subscribe(&up.of_all_gates()));
            assert_eq!(me.may_leave_will(&mine).is_some(), up == Up::Presence);
            assert!(me.may_leave_will(&theirs).is_none());
        }
        for down in Down::ALL {
            let [mine, theirs] = [&own, &other].map(|id| Topic::Down(id.clone(), down).to_string());
            assert!(me.may_subscribe(&mine));
            assert!(!me.may_subscribe(&theirs));
            assert!(me.may_publish(&mine).is_none() && me.may_publish(&theirs).is_none());
            assert!(me.may_leave_will(&mine).is_none());
        }
    }

    #[test]
    fn the_service_hears_all_gates_and_speaks_to_any() {
        let service = Identity::Service;
        let any = GateId::parse("gate_7").unwrap();
        for up in Up::ALL {
            let topic = Topic::Up(any.clone(), up);
            assert_eq!(service.filter_for(&topic), Some(up.of_all_gates()));
            let topic = topic.to_string();
            assert!(service.may_subscribe(&up.of_all_gates()));
            assert!(!service.may_subscribe(&topic) && service.may_publish(&topic).is_none());
            assert!(service.may_leave_will(&topic).is_none());
        }
        for down in Down::ALL {
            let topic = Topic::Down(any.clone(), down).to_string();
            assert!(service.may_publish(&topic).is_some());
            assert!(!service.may_subscribe(&topic));
        }
    }

    #[test]
    fn wildcards_groups_and_strangers_are_for_nobody() {
        for filter in ["", "#", "+", "$SYS/#", "$share/g/fluss/v1/gates/gate_7/trigger"] {
            for who in [gate("gate_7"), Identity::Service] {
                assert!(!who.may_subscribe(filter), "{filter}");
                assert!(who.may_publish(filter).is_none(), "{filter}");
            }
        }
    }
}
