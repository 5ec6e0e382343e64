//! The guest's pages.

use crate::Api;

/// All pages.
pub(crate) fn routes() -> axum::Router<Api> {
    axum::Router::new()
}
