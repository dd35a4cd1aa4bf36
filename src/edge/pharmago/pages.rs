//! Numbered pages: 20 to a page, with the absolute addresses of the pages beside them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::refusal::Refusal;

/// Rows of a page, unless the query says how many.
const USUAL: i64 = 20;
/// Rows of a page at most.
const MOST: i64 = 100;

/// Which page.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1, or `last`
    page: Option<String>,
    /// 1–100; 20 without it
    page_size: Option<i64>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoPage)]
pub struct Page<T> {
    /// How many rows there are in all
    count: i64,
    /// The address of the next page; null after the last one
    next: Option<String>,
    /// The address of the page before; null before the first one
    previous: Option<String>,
    /// The rows
    results: Vec<T>,
}

/// A page that there is.
pub(super) struct Chosen {
    page: i64,
    size: i64,
    count: i64,
}

impl PageQuery {
    pub(super) fn new(page: Option<String>, page_size: Option<i64>) -> Self {
        Self { page, page_size }
    }

    /// The page of a list of this length.
    pub(super) fn of(&self, count: i64) -> Result<Chosen, Refusal> {
        let size = self.page_size.unwrap_or(USUAL).clamp(1, MOST);
        let last = ((count + size - 1) / size).max(1);
        let page = match self.page.as_deref() {
            None => Some(1),
            Some("last") => Some(last),
            Some(text) => text.parse().ok(),
        };
        let page = page.filter(|page| (1..=last).contains(page));
        let page = page.ok_or_else(|| Refusal::invalid("page", "is not a page of this list"))?;
        Ok(Chosen { page, size, count })
    }
}

impl Chosen {
    /// The number of rows before it.
    pub(super) fn offset(&self) -> i64 {
        (self.page - 1) * self.size
    }

    /// The most rows in it.
    pub(super) fn limit(&self) -> i64 {
        self.size
    }

    /// The page with its rows; the address is the one that was asked for.
    pub(super) fn with<T>(&self, results: Vec<T>, address: &str) -> Page<T> {
        let has_next = self.page * self.size < self.count;
        Page {
            count: self.count,
            next: has_next.then(|| numbered(address, self.page + 1)),
            previous: (self.page > 1).then(|| numbered(address, self.page - 1)),
            results,
        }
    }
}

/// The address with another page; the first one has no number.
fn numbered(address: &str, page: i64) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let others = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.is_empty() && name != "page"
    });
    let mut pairs: Vec<String> = others.map(str::to_owned).collect();
    if page > 1 {
        pairs.push(format!("page={page}"));
    }
    match pairs.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", pairs.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_has_no_number() {
        let address = "http://h/api/chat-rooms/?page=2&status=open";
        assert_eq!(numbered(address, 1), "http://h/api/chat-rooms/?status=open");
        assert_eq!(
            numbered(address, 3),
            "http://h/api/chat-rooms/?status=open&page=3"
        );
        assert_eq!(numbered("http://h/x/?page=2", 1), "http://h/x/");
    }

    #[test]
    fn a_page_that_is_not_there_is_refused() {
        let asked = |page: &str| PageQuery {
            page: Some(page.to_owned()),
            page_size: None,
        };
        assert!(PageQuery::default().of(0).is_ok());
        assert_eq!(asked("last").of(47).map(|it| it.offset()), Ok(40));
        for wrong in ["0", "4", "x", ""] {
            assert!(asked(wrong).of(47).is_err(), "{wrong}");
        }
    }
}
