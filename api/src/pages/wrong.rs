//! What is wrong with a form that is shown again: told at its fields, or above them all.

use super::Words;
use crate::answers::Problem;

/// Nothing wrong, unless made from a problem.
#[derive(Debug, Default)]
pub(crate) struct Wrong {
    above: Option<Words>,
    fields: Vec<(String, Words)>,
}

impl Wrong {
    /// Something is wrong with one field.
    pub(crate) fn field(name: &str, said: Words) -> Self {
        Self { above: None, fields: vec![(name.to_owned(), said)] }
    }

    /// Whether anything is wrong.
    pub(crate) fn is_any(&self) -> bool {
        self.above.is_some() || !self.fields.is_empty()
    }

    /// What is wrong with no field in particular.
    pub(crate) fn all(&self) -> Option<&Words> {
        self.above.as_ref()
    }

    /// What is wrong with this field.
    pub(crate) fn with(&self, field: &str) -> Option<&Words> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, said)| said)
    }
}

impl From<&Problem> for Wrong {
    fn from(problem: &Problem) -> Self {
        let fields: Vec<_> =
            problem.fields().map(|field| (field.to_owned(), Words::on_field(field))).collect();
        let above = fields.is_empty().then(|| Words::on(problem.code));
        Self { above, fields }
    }
}
