//! The law: a client receives every change of a conversation once and in order, except those made while it could not receive any.

use std::collections::BTreeSet;

/// Something that happened, as a client is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub seq: i64,
    pub told: String,
    /// What it may be told as instead, later on.
    pub or: Option<String>,
}

impl Happened {
    fn is_told_by(&self, told: &str) -> bool {
        self.told == told || self.or.as_deref() == Some(told)
    }
}

/// From here on a client may have missed something, and need not hear of something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// It begins behind so many events that were heard.
    pub at: usize,
    /// What is heard from there on is beyond this.
    pub floor: i64,
    /// What is up to this need not be heard.
    pub ceiling: i64,
}

impl Break {
    /// Nothing is known of what comes after so many events.
    pub fn behind(at: usize) -> Self {
        Self {
            at,
            floor: -1,
            ceiling: i64::MAX,
        }
    }
}

/// Whether this can have been heard of what happened; where not, what was heard and what was due.
pub fn judge(happened: &[Happened], heard: &[String], breaks: &[Break]) -> Result<(), String> {
    let mut positions = BTreeSet::from([0]);
    for number in 0..=heard.len() {
        let begun = breaks.iter().filter(|one| one.at <= number);
        let floor = begun.clone().map(|one| one.floor).max().unwrap_or(-1);
        let ceiling = begun.map(|one| one.ceiling).max().unwrap_or(-1);
        let mut due = BTreeSet::new();
        for position in positions {
            due.insert(position);
            let missed = happened[position..]
                .iter()
                .take_while(|one| one.seq <= ceiling);
            due.extend((position + 1..).zip(missed).map(|(next, _)| next));
        }
        let Some(told) = heard.get(number) else {
            let is_all = due.contains(&happened.len());
            return is_all
                .then_some(())
                .ok_or_else(|| complaint(happened, &due, "nothing more", number));
        };
        let fits = |position: &&usize| {
            let one = happened.get(**position);
            one.is_some_and(|one| one.is_told_by(told) && one.seq > floor)
        };
        positions = due
            .iter()
            .filter(fits)
            .map(|position| position + 1)
            .collect();
        if positions.is_empty() {
            return Err(complaint(happened, &due, told, number));
        }
    }
    Ok(())
}

fn complaint(happened: &[Happened], due: &BTreeSet<usize>, told: &str, number: usize) -> String {
    let due: Vec<_> = due
        .iter()
        .take(8)
        .map(|position| happened.get(*position))
        .collect();
    format!("event {number} is `{told}` where one of these was due: {due:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happened(seqs: std::ops::RangeInclusive<i64>) -> Vec<Happened> {
        let one = |seq| Happened {
            seq,
            told: format!("said {seq}"),
            or: None,
        };
        seqs.map(one).collect()
    }

    fn heard(seqs: &[i64]) -> Vec<String> {
        seqs.iter().map(|seq| format!("said {seq}")).collect()
    }

    fn is_lawful(seqs: &[i64], breaks: &[Break]) -> bool {
        judge(&happened(1..=6), &heard(seqs), breaks).is_ok()
    }

    #[test]
    fn everything_once_and_in_order_is_lawful_and_nothing_else() {
        assert!(is_lawful(&[1, 2, 3, 4, 5, 6], &[]));
        assert!(
            !is_lawful(&[1, 2, 3, 4, 5], &[]),
            "one is missing at the end"
        );
        assert!(!is_lawful(&[1, 2, 4, 5, 6], &[]), "one is missing");
        assert!(!is_lawful(&[1, 2, 2, 3, 4, 5, 6], &[]), "one came twice");
        assert!(!is_lawful(&[1, 3, 2, 4, 5, 6], &[]), "out of order");
    }

    #[test]
    fn only_entries_after_a_join_are_due() {
        let joined = |floor, ceiling| Break {
            at: 0,
            floor,
            ceiling,
        };
        assert!(is_lawful(&[4, 5, 6], &[joined(2, 3)]));
        assert!(is_lawful(&[3, 4, 5, 6], &[joined(2, 3)]));
        assert!(
            !is_lawful(&[2, 3, 4, 5, 6], &[joined(2, 3)]),
            "told too much"
        );
        assert!(!is_lawful(&[5, 6], &[joined(2, 3)]), "told too little");
        assert!(
            !is_lawful(&[3, 5, 6], &[joined(2, 3)]),
            "a gap after the join"
        );
    }

    #[test]
    fn a_break_lets_things_be_missed_behind_it_only() {
        let left = Break {
            at: 2,
            floor: -1,
            ceiling: 4,
        };
        assert!(is_lawful(&[1, 2, 5, 6], &[left]));
        assert!(is_lawful(&[1, 2, 3, 4, 5, 6], &[left]));
        assert!(!is_lawful(&[1, 3, 5, 6], &[left]));
        assert!(!is_lawful(&[1, 2, 6], &[left]));
        assert!(is_lawful(&[1, 2], &[Break::behind(2)]));
    }
}
