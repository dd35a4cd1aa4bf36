//! Reads the effect `notify`.

use crate::actions::{Action, LONGEST_TEXT, MOST_PEOPLE, Reader};
use crate::selector::{Whom, receiver};
use language::source::Item;

impl Reader<'_> {
    pub(crate) fn notify(&self, item: Item<'_>) -> Option<Action> {
        let section = item.section("`notify`")?;
        let to = section.need("to").map(|item| self.receivers(item));
        let kind = section.need("type").and_then(|item| item.text(64));
        let text = |key, most| section.item(key).and_then(|item| self.text(item, most));
        let (title, message) = (text("title", 255), text("message", LONGEST_TEXT));
        let key = text("key", 128);
        let priority = section.item("priority").and_then(priority);
        let data = section.section("data", "the data of a notification");
        let data = data.map(|data| {
            let field = |item: &Item<'_>| Some((item.key.to_owned(), self.text(*item, 500)?));
            data.all().iter().filter_map(field).collect()
        });
        section.finish();
        Some(Action::Notify {
            to: to?,
            kind: kind?.to_owned(),
            title,
            message,
            priority: priority.map(str::to_owned),
            key,
            data: data.unwrap_or_default(),
        })
    }

    /// Users of the event, or participants of the rooms about its subject.
    fn receivers(&self, item: Item<'_>) -> Vec<Whom> {
        let items = item.one_or_many(MOST_PEOPLE).unwrap_or_default();
        let read = items.into_iter().filter_map(|item| {
            let whom = receiver(item, self.of)?;
            if !matches!(whom, Whom::One(_)) {
                self.needs_subject(item);
            }
            Some(whom)
        });
        read.collect()
    }
}

fn priority(item: Item<'_>) -> Option<&'static str> {
    let found = item.text(20)?;
    let known = ["low", "normal", "high", "urgent"].into_iter();
    let priority = known.into_iter().find(|known| *known == found);
    if priority.is_none() {
        let help = "one of low, normal, high, urgent";
        item.advise(format!("there is no priority `{found}`"), help);
    }
    priority
}
