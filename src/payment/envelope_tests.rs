//! Webhooks as Razorpay documents them, and malformed ones.

use proptest::prelude::*;

use super::super::rendering::write;
use super::*;

/// `order.paid`, shortened from the documentation, with unknown fields.
const ORDER_PAID: &str = r#"{"entity":"event","account_id":"acc_1","event":"order.paid","contains":["payment","order"],"payload":{
  "payment":{"entity":{"id":"pay_1","entity":"payment","amount":100,"currency":"INR","base_amount":100,"status":"captured",
    "order_id":"order_1","invoice_id":null,"international":false,"method":"netbanking","amount_refunded":0,"refund_status":null,
    "captured":true,"notes":[],"fee":2,"tax":0,"error_code":null,"acquirer_data":{"bank_transaction_id":"0125836177"}}},
  "order":{"entity":{"id":"order_1","entity":"order","amount":100,"amount_paid":100,"amount_due":0,"currency":"INR",
    "receipt":"rcptid #1","status":"paid","attempts":1,"notes":{"a":"b"}}}},"created_at":1567674606}"#;

fn of(body: &str) -> Report {
    match read(body) {
        Read::Of(report) => report,
        other => panic!("{other:?}: {body}"),
    }
}

fn why_unreadable(body: &str) -> String {
    match read(body) {
        Read::Unreadable(why) => why,
        other => panic!("{other:?}: {body}"),
    }
}

#[test]
fn the_documented_event_is_understood() {
    let report = of(ORDER_PAID);
    assert_eq!(
        (report.payment.as_str(), report.order.as_deref()),
        ("pay_1", Some("order_1"))
    );
    assert_eq!(
        (report.status, report.paid.unwrap().amount),
        (PaymentStatus::Captured, 100)
    );
}

#[test]
fn the_orders_id_is_found_in_the_order_too() {
    let without = ORDER_PAID.replace(r#""order_id":"order_1","#, "");
    assert_eq!(of(&without).order.as_deref(), Some("order_1"));
}

/// A refund's event with the refund's own fields, and the payment's if the event has one.
fn refund(event: &str, own: &str, payment: Option<&str>) -> String {
    let beside = payment.map_or(String::new(), |fields| {
        format!(
            r#","payment":{{"entity":{{"id":"pay_1","amount":100,"currency":"INR","order_id":"order_1",{fields}}}}}"#
        )
    });
    format!(
        r#"{{"event":"refund.{event}","payload":{{"refund":{{"entity":{{"id":"rfnd_1","amount":40,"payment_id":"pay_1"{own}}}}}{beside}}}}}"#
    )
}

#[test]
fn a_refund_is_as_its_event_and_itself_say() {
    use RefundStatus::{Failed, Pending, Processed};
    for (event, own, status) in [
        ("created", "", Pending),
        ("created", r#","status":"processed""#, Pending),
        ("failed", r#","status":"processed""#, Failed),
        ("processed", "", Processed),
        ("processed", r#","status":"processed""#, Processed),
        ("processed", r#","status":"pending""#, Pending),
        ("processed", r#","status":"failed""#, Failed),
    ] {
        let report = of(&refund(event, own, None));
        let told = report.refund.unwrap();
        assert_eq!((told.status, told.amount), (status, 40), "{event} {own}");
        assert_eq!(
            report.status,
            PaymentStatus::Created,
            "of the payment it says nothing"
        );
    }
}

#[test]
fn a_payment_beside_a_refund_says_whether_it_was_ever_collected() {
    use PaymentStatus::{Authorized, Captured, Created, Failed, Released};
    for (fields, status) in [
        (r#""status":"refunded","captured":false"#, Released),
        (r#""status":"refunded","captured":true"#, Captured),
        (r#""status":"refunded","captured":null"#, Captured),
        (r#""status":"refunded""#, Captured),
        (r#""status":"captured","amount_refunded":100"#, Captured),
        (r#""status":"captured","captured":false"#, Authorized),
        (r#""status":"authorized","captured":false"#, Authorized),
        (r#""status":"failed","captured":false"#, Failed),
        (r#""captured":true"#, Captured),
        (r#""captured":false"#, Created),
        (r#""status":"of tomorrow","captured":false"#, Created),
    ] {
        for event in ["created", "processed", "failed"] {
            let report = of(&refund(event, "", Some(fields)));
            assert_eq!(report.status, status, "{event} {fields}");
        }
    }
}

#[test]
fn our_own_refund_is_known_by_its_note() {
    let asked = |own: &str| of(&refund("processed", own, None)).refund.unwrap().asked;
    let id = Uuid::from_u128(7);
    assert_eq!(
        asked(&format!(
            r#","notes":{{"stoa_refund":"{id}","x":"\ud83d"}}"#
        )),
        Some(id)
    );
    assert_eq!(
        asked(&format!(
            r#","notes":{{"stoa_refund":"{id}","reason":"late"}}"#
        )),
        Some(id)
    );
    for notes in [
        "[]",
        "null",
        "{}",
        r#"{"stoa_refund":7}"#,
        r#"{"a\ud83d":1}"#,
    ] {
        assert_eq!(asked(&format!(r#","notes":{notes}"#)), None, "{notes}");
    }
}

#[test]
fn whole_numbers_are_whole_however_they_are_written() {
    for amount in ["100.0", "1e2", "1E+2"] {
        let body = ORDER_PAID.replace(r#""amount":100,"#, &format!(r#""amount":{amount},"#));
        assert_eq!(of(&body).paid.unwrap().amount, 100, "{amount}");
    }
    let back = ORDER_PAID.replace(r#""amount_refunded":0"#, r#""amount_refunded":0.0"#);
    assert_eq!(of(&back), of(ORDER_PAID));
    assert_eq!(of(&format!("\u{feff}{ORDER_PAID}\n")), of(ORDER_PAID));
    assert_eq!(of(&ORDER_PAID.replace("INR", "inr")), of(ORDER_PAID));
}

#[test]
fn what_nobody_waits_for_is_of_no_interest() {
    let bodies = [
        r#"{"event":"subscription.charged","payload":{"payment":{"entity":{"id":"p","amount":1,"currency":"INR","status":"captured","order_id":"o"}}}}"#,
        r#"{"event":"refund.speed_changed","payload":7}"#,
        r#"{"event":"payment.dispute.created"}"#,
        r#"{"event":""}"#,
        // A payment without an order belongs to another system on the same account.
        r#"{"event":"payment.captured","payload":{"payment":{"entity":{"id":"p","amount":1,"currency":"INR","status":"captured","order_id":null}}}}"#,
    ];
    for body in bodies {
        assert_eq!(read(body), Read::Other, "{body}");
    }
}

/// Why a paid order is unreadable after this text in it was replaced.
fn altered(from: &str, to: &str) -> String {
    let body = ORDER_PAID.replacen(from, to, 1);
    assert_ne!(body, ORDER_PAID);
    why_unreadable(&body)
}

#[test]
fn an_unreadable_event_that_may_be_about_money_says_why_without_its_values() {
    for (why, wanted) in [
        (why_unreadable(""), "EOF while parsing"),
        (why_unreadable("nonsense"), "expected ident"),
        (why_unreadable("[]"), "expected struct"),
        (why_unreadable("{}"), "missing field `event`"),
        (why_unreadable(r#"{"event":7}"#), "expected a string"),
        (
            why_unreadable(r#"{"event":"payment.captured"}"#),
            "missing field `payload`",
        ),
        (
            why_unreadable(r#"{"event":"refund.processed","payload":{}}"#),
            "missing field `refund`",
        ),
        (
            altered(r#""amount":100"#, r#""amount":"4242""#),
            "expected a whole number",
        ),
        (
            altered(r#""amount":100"#, r#""amount":100.5"#),
            "expected a whole number",
        ),
        (
            altered(r#""amount":100"#, r#""amount":-100"#),
            "is negative",
        ),
        (altered(r#""amount":100,"#, ""), "missing field `amount`"),
        (altered(r#""pay_1""#, r#""pay_\ud83d""#), "hex escape"),
        (
            altered(r#""captured":true"#, r#""captured":false"#),
            "contradict each other",
        ),
        (
            why_unreadable(&refund("processed", "", None).replace("40", "0")),
            "not positive",
        ),
        (
            why_unreadable(&refund("processed", "", None).replace(r#""amount":40,"#, "")),
            "missing field `amount`",
        ),
        (
            why_unreadable(&refund("failed", "", None).replace("pay_1", "")),
            "missing field `payment_id`",
        ),
        (
            why_unreadable(
                &refund("failed", "", Some(r#""captured":true"#)).replacen("pay_1", "pay_2", 1),
            ),
            "another payment than its event",
        ),
    ] {
        assert!(why.contains(wanted), "{wanted}: {why}");
        assert!(!why.contains("4242"), "{why}");
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    use PaymentStatus::{Authorized, Captured, Failed, Released};
    for status in [Failed, Authorized, Released, Captured] {
        let mut report = of(ORDER_PAID);
        report.status = status;
        let (_, body) = write(&report, 1).unwrap();
        assert_eq!(of(&body), report);
        for status in [
            RefundStatus::Pending,
            RefundStatus::Failed,
            RefundStatus::Processed,
        ] {
            report.refund = Some(RefundReport {
                id: "rfnd_1".into(),
                asked: Some(Uuid::from_u128(7)),
                amount: 40,
                status,
            });
            let (_, body) = write(&report, 1).unwrap();
            assert_eq!(of(&body), report);
        }
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in ".{0,300}", at in 0usize..900) {
        read(&body);
        read(&refund("processed", &body, None));
        let cut = ORDER_PAID.char_indices().nth(at).map_or(ORDER_PAID, |(end, _)| &ORDER_PAID[..end]);
        read(cut);
    }
}
