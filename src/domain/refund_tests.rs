//! Tests of partial refunds with reports in any order and with repetitions.

use proptest::prelude::*;

use super::*;

fn report(id: &str, amount: i64, status: RefundStatus) -> RefundReport {
    RefundReport {
        id: id.into(),
        asked: None,
        amount,
        status,
    }
}

/// The refunds after all these reports, and the amount that was sent back.
fn after(reports: &[RefundReport]) -> (Vec<Refund>, i64) {
    let (mut known, mut back): (Vec<Refund>, i64) = (Vec::new(), 0);
    for report in reports {
        let latest = apply_report(&known, report);
        back = returned(&known, Some(&latest));
        known.retain(|refund| refund.id != latest.id);
        known.push(latest);
        assert_eq!(back, returned(&known, None));
    }
    known.sort_by(|one, other| one.id.cmp(&other.id));
    (known, back)
}

#[test]
fn only_what_is_processed_is_back() {
    use RefundStatus::*;
    let back = |reports: &[RefundReport]| after(reports).1;
    let (a, b) = (report("a", 200, Pending), report("b", 300, Pending));
    assert_eq!(back(&[a.clone(), b.clone()]), 0);
    let a = report("a", 200, Processed);
    assert_eq!(back(&[b.clone(), a.clone(), a.clone()]), 200);
    assert_eq!(back(&[a.clone(), report("b", 300, Failed)]), 200);
    assert_eq!(back(&[report("b", 300, Processed), b, a]), 500);
    let huge = |id| report(id, i64::MAX, Processed);
    assert_eq!(back(&[huge("a"), huge("b")]), i64::MAX);
}

fn story() -> Vec<RefundReport> {
    use RefundStatus::*;
    vec![
        report("a", 200, Pending),
        report("a", 200, Processed),
        report("b", 300, Pending),
        report("b", 300, Failed),
        report("c", 250, Pending),
        report("c", 250, Failed),
        report("c", 250, Processed),
    ]
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_end_the_same(
        reports in prop::collection::vec(prop::sample::select(story()), 0..30)
            .prop_flat_map(|more| Just([story(), more].concat()).prop_shuffle()),
    ) {
        let (known, back) = after(&reports);
        prop_assert_eq!(back, 450);
        prop_assert_eq!(known, after(&story()).0);
    }
}
