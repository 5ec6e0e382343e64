//! The plan of a device: what it is used for. A record, which limits nothing.

/// What a device is used for (F04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// A home.
    Home,
    /// A business, an estate, a body corporate.
    Commercial,
}

impl Plan {
    /// All plans, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Home, Self::Commercial];

    /// The word by which the database and the API know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Commercial => "commercial",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Result<Self, InvalidPlan> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == word).ok_or(InvalidPlan)
    }
}

/// No such plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected home or commercial")]
pub struct InvalidPlan;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_back_as_itself_and_nothing_else_is_one() {
        for plan in Plan::ALL {
            assert_eq!(Plan::parse(plan.as_str()), Ok(plan));
        }
        for word in ["", "Home", "office"] {
            assert_eq!(Plan::parse(word), Err(InvalidPlan), "{word}");
        }
    }
}
