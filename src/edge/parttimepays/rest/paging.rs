//! Numbered pages.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::refusal::Refusal;
use crate::store::paging::Window;

/// Items of a page at most.
const MOST: i64 = 100;
/// The highest number of a page.
const LAST_PAGE: i64 = 1_000_000;

/// Which page.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1
    page: Option<i64>,
    /// At most so many, and never more than 100
    limit: Option<i64>,
}

/// A valid page and limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRequest {
    page: i64,
    limit: i64,
}

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysPagination)]
pub struct Pagination {
    /// Which page this is, from 1
    current_page: i64,
    /// How many pages there are
    total_pages: i64,
    /// How many conversations there are
    #[serde(skip_serializing_if = "Option::is_none")]
    total_conversations: Option<i64>,
    /// How many messages there are
    #[serde(skip_serializing_if = "Option::is_none")]
    total_messages: Option<i64>,
    /// Whether another page follows
    has_next: bool,
    /// Whether this is not the first one
    has_prev: bool,
}

impl PageQuery {
    /// The page, or a refusal that names the wrong parameter.
    pub(super) fn asked(&self, usual: i64) -> Result<PageRequest, Refusal> {
        let (page, limit) = (self.page.unwrap_or(1), self.limit.unwrap_or(usual));
        if !(1..=LAST_PAGE).contains(&page) {
            let form = format!("must be 1–{LAST_PAGE}");
            return Err(Refusal::invalid("page", form));
        }
        if limit < 1 {
            return Err(Refusal::invalid("limit", "must be at least 1"));
        }
        let limit = limit.min(MOST);
        Ok(PageRequest { page, limit })
    }
}

impl PageRequest {
    /// The window of the list to read.
    pub(super) fn window(self) -> Window {
        Window {
            offset: (self.page - 1) * self.limit,
            limit: self.limit,
        }
    }

    /// The page's position among so many conversations.
    pub(super) fn of_conversations(self, total: i64) -> Pagination {
        Pagination {
            total_conversations: Some(total),
            ..self.of(total)
        }
    }

    /// The page's position among so many messages.
    pub(super) fn of_messages(self, total: i64) -> Pagination {
        Pagination {
            total_messages: Some(total),
            ..self.of(total)
        }
    }

    fn of(self, total: i64) -> Pagination {
        let total_pages = (total + self.limit - 1) / self.limit;
        Pagination {
            current_page: self.page,
            total_pages,
            total_conversations: None,
            total_messages: None,
            has_next: self.page < total_pages,
            has_prev: self.page > 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_one_and_the_last_one_has_no_next() {
        let asked = |page, limit| PageQuery { page, limit }.asked(20);
        let first = asked(None, None).expect("a page");
        assert_eq!((first.window().offset, first.window().limit), (0, 20));
        let third = asked(Some(3), Some(10)).expect("a page");
        assert_eq!(third.window().offset, 20);
        let of = third.of_messages(30);
        assert_eq!((of.total_pages, of.has_next, of.has_prev), (3, false, true));
        assert!(third.of_messages(31).has_next);
        assert_eq!(first.of_conversations(0).total_pages, 0);
        assert_eq!(asked(None, Some(1_000)).expect("a page").limit, 100);
        for (page, limit) in [(Some(0), None), (Some(-1), None), (None, Some(0))] {
            assert!(asked(page, limit).is_err(), "{page:?} {limit:?}");
        }
    }
}
