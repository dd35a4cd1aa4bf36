//! Whatever order events come in, and however often: the same end, and the deal hears once that it is paid.

use proptest::prelude::*;
use std::collections::BTreeMap;

use super::*;

fn rupees(amount: i64) -> Money {
    Money {
        amount,
        currency: "INR".into(),
    }
}

fn report(payment: &str, status: PaymentStatus, paid: Money) -> Report {
    let back = status == PaymentStatus::Refunded;
    Report {
        payment: payment.into(),
        order: Some("order_1".into()),
        returned: if back { paid.amount } else { 0 },
        paid: Some(paid),
        status,
        refund: None,
    }
}

/// An order with its payments, carried on by `judge` as the store does it.
struct World {
    order: OrderFacts,
    payments: BTreeMap<String, PaymentFacts>,
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
            told: Vec::new(),
        };
        reports.iter().for_each(|report| world.hear(report));
        world
    }

    fn hear(&mut self, report: &Report) {
        let known = self.payments.get(&report.payment);
        let Some(judgement) = judge(&self.order, known, report) else {
            return;
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
        self.told.extend(judgement.outcomes);
    }

    fn count(&self, outcome: &PaymentOutcome) -> usize {
        self.told.iter().filter(|told| *told == outcome).count()
    }

    fn ends(&self) -> Vec<(&str, PaymentStatus)> {
        let end = |(id, facts): (&'static str, &PaymentFacts)| (id, facts.status);
        ["a", "b", "c"]
            .into_iter()
            .filter_map(|id| Some(end((id, self.payments.get(id)?))))
            .collect()
    }
}

/// Two payments of the whole amount, one of them failed before, one refunded afterwards; one of another amount.
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
        whole("b", Refunded),
        report("c", Captured, rupees(4_999)),
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
        prop_assert!(world.count(&PaymentOutcome::Failed) <= 1);
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
fn a_part_that_goes_back_is_no_refund_of_the_payment() {
    let captured = report("a", PaymentStatus::Captured, rupees(5_000));
    let mut part = captured.clone();
    part.returned = 100;
    part.paid = None;
    let world = World::after(&[captured, part.clone()]);
    assert_eq!(world.ends(), [("a", PaymentStatus::Captured)]);
    part.returned = 5_000;
    let unknown = World::after(std::slice::from_ref(&part));
    assert!(unknown.payments.is_empty(), "nobody knows what was paid");
}
