//! Numbered pages of Stoory's lists.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::refusal::Refusal;
use crate::edge::native::rest::conversations::limit_of;
use crate::store::paging::Window;

/// The highest page number.
const LAST_PAGE: i64 = 1_000_000;

/// Which page.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1
    page: Option<i64>,
    /// 1–100
    limit: Option<i64>,
}

/// A valid page and limit.
#[derive(Clone, Copy)]
pub(super) struct PageRequest {
    page: i64,
    limit: i64,
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = StooryPagination)]
pub struct Pagination {
    /// From 1
    page: i64,
    /// How many to a page
    limit: i64,
    /// How many in all
    total: i64,
    /// Whether another page follows
    has_more: bool,
}

impl PageQuery {
    /// The page, or a refusal that names the wrong parameter.
    pub(super) fn asked(&self, usual: i64) -> Result<PageRequest, Refusal> {
        let page = self.page.unwrap_or(1);
        if !(1..=LAST_PAGE).contains(&page) {
            let form = format!("must be 1–{LAST_PAGE}");
            return Err(Refusal::invalid("page", form));
        }
        let limit = limit_of(self.limit.or(Some(usual)))?;
        Ok(PageRequest { page, limit })
    }
}

impl PageRequest {
    /// The window of the list to read.
    pub(super) fn part(self) -> Window {
        Window {
            offset: (self.page - 1) * self.limit,
            limit: self.limit,
        }
    }

    /// The page's position in a list of this length.
    pub(super) fn pagination(self, total: i64) -> Pagination {
        Pagination {
            page: self.page,
            limit: self.limit,
            total,
            has_more: self.page.saturating_mul(self.limit) < total,
        }
    }
}
