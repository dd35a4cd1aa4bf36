//! Webhooks as Razorpay documents them, and as nobody documented them.

use proptest::prelude::*;

use super::*;

/// `order.paid`, shortened from the documentation, with fields that we do not know.
const ORDER_PAID: &str = r#"{"entity":"event","account_id":"acc_1","event":"order.paid","contains":["payment","order"],"payload":{
  "payment":{"entity":{"id":"pay_1","entity":"payment","amount":100,"currency":"INR","base_amount":100,"status":"captured",
    "order_id":"order_1","invoice_id":null,"international":false,"method":"netbanking","amount_refunded":0,"refund_status":null,
    "captured":true,"notes":[],"fee":2,"tax":0,"error_code":null,"acquirer_data":{"bank_transaction_id":"0125836177"}}},
  "order":{"entity":{"id":"order_1","entity":"order","amount":100,"amount_paid":100,"amount_due":0,"currency":"INR",
    "receipt":"rcptid #1","status":"paid","attempts":1,"notes":{"a":"b"}}}},"created_at":1567674606}"#;

fn of(body: &str) -> Report {
    match read(body) {
        Read::Of(report) => report,
        Read::Other => panic!("{body}"),
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

#[test]
fn a_refund_counts_once_it_is_processed() {
    let refund = |event: &str, amount: i64| {
        let body = format!(
            r#"{{"event":"refund.{event}","payload":{{"refund":{{"entity":{{"id":"rfnd_1","amount":{amount},"payment_id":"pay_1"}}}}}}}}"#
        );
        of(&body)
    };
    assert_eq!(refund("created", 100).returned, 0);
    assert_eq!(refund("failed", 100).returned, 0);
    let processed = refund("processed", 100);
    assert_eq!(
        (processed.returned, processed.status),
        (100, PaymentStatus::Captured)
    );
    assert_eq!(processed.refund.unwrap().status, RefundStatus::Processed);
}

#[test]
fn what_we_do_not_know_says_nothing() {
    let bodies = [
        "",
        "nonsense",
        "[]",
        "{}",
        r#"{"event":"payment.captured"}"#,
        r#"{"event":"subscription.charged","payload":{"payment":{"entity":{"id":"p","amount":1,"currency":"INR","status":"captured","order_id":"o"}}}}"#,
        r#"{"entity":"event","account_id":"acc_BFQ7uQEaa7j2z7","event":"order.paid","contains":["payment","order"],"created_at":1567674606}"#,
    ];
    for body in bodies {
        assert_eq!(read(body), Read::Other, "{body}");
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    for status in ["failed", "authorized", "captured", "refunded"] {
        let status = PaymentStatus::named(status).unwrap();
        let mut report = of(ORDER_PAID);
        report.status = status;
        if status == PaymentStatus::Refunded {
            report.returned = 100;
        }
        let (_, body) = write(&report, 1).unwrap();
        let again = of(&body);
        assert_eq!(
            (&again.payment, &again.order, &again.paid, again.returned),
            (
                &report.payment,
                &report.order,
                &report.paid,
                report.returned
            )
        );
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in ".{0,300}", at in 0usize..900) {
        read(&body);
        let cut = ORDER_PAID.char_indices().nth(at).map_or(ORDER_PAID, |(end, _)| &ORDER_PAID[..end]);
        read(cut);
    }
}
