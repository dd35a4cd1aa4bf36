//! Tests that events in any order and with repetitions lead to the same end, and that the deal learns once that
//! it is paid.

use proptest::prelude::*;
use std::collections::BTreeMap;

use super::*;
use crate::domain::refund::{self, Refund, RefundStatus};

fn rupees(amount: i64) -> Money {
    Money {
        amount,
        currency: "INR".into(),
    }
}

fn report(payment: &str, status: PaymentStatus, paid: Money) -> Report {
    Report {
        payment: payment.into(),
        order: Some("order_1".into()),
        paid: Some(paid),
        status,
        refund: None,
    }
}

/// A report on a refund: with its payment at this status, or alone.
fn refund(
    payment: &str,
    with: Option<PaymentStatus>,
    id: &str,
    amount: i64,
    status: RefundStatus,
) -> Report {
    let told = RefundReport {
        id: id.into(),
        asked: None,
        amount,
        status,
    };
    let alone = report(
        payment,
        with.unwrap_or(PaymentStatus::Created),
        rupees(5_000),
    );
    Report {
        order: alone.order.filter(|_| with.is_some()),
        paid: alone.paid.filter(|_| with.is_some()),
        refund: Some(told),
        ..alone
    }
}

/// An order with its payments, updated by `judge` in the way of the store.
struct World {
    order: OrderFacts,
    payments: BTreeMap<String, PaymentFacts>,
    refunds: BTreeMap<String, Vec<Refund>>,
    told: Vec<PaymentOutcome>,
}

impl World {
    fn after(reports: &[Report]) -> Self {
        let order = OrderFacts {
            price: rupees(5_000),
            paid_by: None,
        };
        let mut world = Self {
            order,
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            told: Vec::new(),
        };
        // A report on an unknown payment is repeated later, as the store does it.
        let mut waiting: Vec<&Report> = Vec::new();
        for report in reports {
            waiting.push(report);
            waiting.retain(|report| !world.hear(report));
        }
        world
    }

    /// Applies a report; false if too little was known.
    fn hear(&mut self, report: &Report) -> bool {
        let known = self.payments.get(&report.payment);
        let mut refunds = self
            .refunds
            .get(&report.payment)
            .cloned()
            .unwrap_or_default();
        let heard = report.refund.as_ref();
        let heard = heard.map(|told| refund::apply_report(&refunds, told));
        let returned = refund::returned(&refunds, heard.as_ref());
        refunds.retain(|refund| heard.as_ref().is_none_or(|heard| heard.id != refund.id));
        refunds.extend(heard);
        let Some(judgement) = judge(&self.order, known, report, returned) else {
            return false;
        };
        if judgement.verdict == Some(Verdict::Paid) {
            self.order.paid_by = Some(report.payment.clone());
        }
        let judged = judgement.verdict.is_some() || known.is_some_and(|known| known.judged);
        let facts = PaymentFacts {
            status: judgement.status,
            paid: judgement.paid,
            judged,
        };
        self.payments.insert(report.payment.clone(), facts);
        self.refunds.insert(report.payment.clone(), refunds);
        self.told.extend(judgement.outcomes);
        true
    }

    fn count(&self, outcome: &PaymentOutcome) -> usize {
        self.told.iter().filter(|told| *told == outcome).count()
    }

    fn ends(&self) -> Vec<(&str, PaymentStatus)> {
        let end = |(id, facts): (&'static str, &PaymentFacts)| (id, facts.status);
        ["a", "b", "c", "d"]
            .into_iter()
            .filter_map(|id| Some(end((id, self.payments.get(id)?))))
            .collect()
    }
}

/// Two payments of the whole amount (one failed before, one was refunded later in two parts), one of another
/// amount, and one that was released and never captured.
fn story() -> Vec<Report> {
    use PaymentStatus::*;
    let whole = |id, status| report(id, status, rupees(5_000));
    vec![
        whole("a", Failed),
        whole("a", Authorized),
        whole("a", Captured),
        whole("a", Captured),
        whole("b", Authorized),
        whole("b", Captured),
        refund("b", Some(Captured), "r1", 2_000, RefundStatus::Pending),
        refund("b", None, "r1", 2_000, RefundStatus::Processed),
        refund("b", Some(Captured), "r2", 3_000, RefundStatus::Failed),
        refund("b", Some(Captured), "r3", 3_000, RefundStatus::Processed),
        report("c", Captured, rupees(4_999)),
        whole("d", Authorized),
        refund("d", Some(Released), "r4", 5_000, RefundStatus::Processed),
        refund("d", None, "r4", 5_000, RefundStatus::Processed),
    ]
}

fn told_in_any_way() -> impl Strategy<Value = Vec<Report>> {
    let repeated = prop::collection::vec(prop::sample::select(story()), 0..40);
    repeated.prop_flat_map(|more| Just([story(), more].concat()).prop_shuffle())
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_end_the_same(reports in told_in_any_way()) {
        let world = World::after(&reports);
        let in_order = World::after(&story());
        prop_assert_eq!(world.ends(), in_order.ends());
        prop_assert_eq!(world.count(&PaymentOutcome::Paid), 1);
        let others = world.count(&PaymentOutcome::Repeated) + world.count(&PaymentOutcome::WrongAmount { paid: rupees(4_999) });
        prop_assert_eq!(others, 2, "{:?}", world.told);
        prop_assert!(world.count(&PaymentOutcome::Failed) <= 2);
        let refunds = usize::from(world.order.paid_by.as_deref() == Some("b"));
        prop_assert_eq!(world.count(&PaymentOutcome::Refunded), refunds);
    }

    #[test]
    fn a_payment_never_goes_back(told in prop::collection::vec(prop::sample::select(PaymentStatus::ALL.to_vec()), 1..20)) {
        let mut now = PaymentStatus::Created;
        for next in &told {
            let then = advance(now, *next);
            prop_assert!(then >= now && then >= *next);
            now = then;
        }
        prop_assert_eq!(Some(&now), told.iter().max());
    }
}

#[test]
fn money_of_another_currency_or_amount_pays_nothing() {
    let price = rupees(5_000);
    let dollars = Money {
        amount: 5_000,
        currency: "USD".into(),
    };
    assert_eq!(verdict(&price, None, "a", &dollars), Verdict::WrongAmount);
    assert_eq!(
        verdict(&price, None, "a", &rupees(5_001)),
        Verdict::WrongAmount
    );
    assert_eq!(
        verdict(&price, Some("b"), "a", &rupees(5_000)),
        Verdict::Repeated
    );
    assert_eq!(
        verdict(&price, Some("a"), "a", &rupees(5_000)),
        Verdict::Paid
    );
}

#[test]
fn parts_that_go_back_are_a_refund_once_they_are_the_whole() {
    use RefundStatus::{Pending, Processed};
    let captured = report("a", PaymentStatus::Captured, rupees(5_000));
    let part = |id, amount, status| refund("a", None, id, amount, status);
    let mut told = vec![
        captured.clone(),
        part("r1", 2_000, Processed),
        part("r1", 2_000, Processed),
        part("r2", 3_000, Pending),
    ];
    let world = World::after(&told);
    assert_eq!(world.ends(), [("a", PaymentStatus::Captured)]);
    assert_eq!(world.told, [PaymentOutcome::Paid]);
    told.push(part("r2", 3_000, Processed));
    let world = World::after(&told);
    assert_eq!(world.told, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
    let unknown = World::after(&[part("r1", 5_000, Processed)]);
    assert!(unknown.payments.is_empty(), "nobody knows what was paid");
}

#[test]
fn what_was_never_captured_pays_for_nothing_whatever_is_told_of_its_refund() {
    use PaymentStatus::{Authorized, Released};
    let authorized = report("a", Authorized, rupees(5_000));
    for with in [None, Some(Authorized), Some(Released)] {
        let back = refund("a", with, "r", 5_000, RefundStatus::Processed);
        for told in [
            vec![authorized.clone(), back.clone()],
            vec![back.clone(), authorized.clone(), back.clone()],
        ] {
            let world = World::after(&told);
            let released = with == Some(Released);
            let end = if released { Released } else { Authorized };
            assert_eq!(world.ends(), [("a", end)]);
            assert_eq!(world.order.paid_by, None);
            let failed = [PaymentOutcome::Failed];
            assert_eq!(world.told, if released { &failed[..] } else { &[] });
        }
    }
}

#[test]
fn an_attempt_that_fails_and_is_let_go_is_told_once() {
    let whole = |status| report("a", status, rupees(5_000));
    let in_vain = [PaymentStatus::Failed, PaymentStatus::Released];
    let world = World::after(&in_vain.map(whole));
    assert_eq!(world.told, [PaymentOutcome::Failed]);
}
