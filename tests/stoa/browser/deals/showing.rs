//! Deals for everybody: axe finds nothing, in the light and in the dark, wide and on a phone.

use serde_json::json;

use super::super::access::{ESCAPE, PHONE, expect_narrow, expect_no_violations};
use super::super::window::{Scheme, Window, hook};
use super::super::{player, stage};
use super::{answer, available_action, bid, pay};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_wrong_with_deals() {
    let app = stage().await;
    let person = player(&app, "priya").await;
    let (begun, done) = (bid(&person, "bid-204").await, bid(&person, "bid-198").await);
    let person = player(&app, "jonas").await;
    let offered = bid(&person, "bid-203").await;
    let jonas = Window::open_as(&app, "jonas", &offered).await;
    answer(&jonas, "negotiate_price", "price", "nothing").await;
    jonas.see(&hook("field-error")).await;
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        jonas.tint(scheme).await;
        jonas.resize(1280, 800).await;
        expect_no_violations(&jonas, &format!("deal-form-{name}")).await;
        for dialog in ["deal-log", "flow-drawing"] {
            jonas.press(&hook(&format!("{dialog}-open"))).await;
            jonas.see(&hook(dialog)).await;
            let content = if dialog == "deal-log" {
                "log-step"
            } else {
                "drawing"
            };
            jonas.see(&hook(content)).await;
            expect_no_violations(&jonas, &format!("{dialog}-{name}")).await;
            jonas.strike(&[ESCAPE]).await;
            jonas.miss(&hook(dialog)).await;
        }
        jonas.resize(PHONE.0, PHONE.1).await;
        expect_narrow(&jonas).await;
        expect_no_violations(&jonas, &format!("deal-phone-{name}")).await;
        jonas.press(&hook("context-toggle")).await;
        jonas.see(&hook("deal-map")).await;
        expect_narrow(&jonas).await;
        expect_no_violations(&jonas, &format!("deal-map-phone-{name}")).await;
        jonas.press(&hook("context-close")).await;
    }
    jonas.expect_no_faults().await;
    for (id, shown) in [(&begun, "card-deadline"), (&done, "composer")] {
        let priya = Window::open_as(&app, "priya", id).await;
        priya.see(&hook(shown)).await;
        expect_no_violations(&priya, &format!("deal-{shown}")).await;
        priya.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_wrong_with_the_checkout() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = bid(&person, "bid-203").await;
    let (mira, jonas) = tokio::join!(
        Window::open_as(&app, "mira", &id),
        Window::open_as(&app, "jonas", &id)
    );
    jonas.press(&available_action("accept_price")).await;
    mira.press(&available_action("proceed_to_payment")).await;
    mira.see(&hook("checkout-pay")).await;
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        mira.tint(scheme).await;
        expect_no_violations(&mira, &format!("checkout-{name}")).await;
        mira.resize(PHONE.0, PHONE.1).await;
        expect_no_violations(&mira, &format!("checkout-phone-{name}")).await;
        mira.resize(1280, 800).await;
    }
    mira.strike(&[ESCAPE]).await;
    mira.miss(&hook("checkout")).await;
    pay(&mira).await;
    mira.expect_no_faults().await;
}

/// The pages' own modules, asked in a page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_read_without_guessing() {
    let app = stage().await;
    let window = Window::open().await;
    window.visit(&app, "/").await;
    for (typed, currency, amount) in [
        ("5000", "INR", json!(500_000)),
        ("5,000.50", "INR", json!(500_050)),
        ("₹ 1,25,000", "INR", json!(12_500_000)),
        ("INR 300.5", "INR", json!(30_050)),
        ("1 234.5", "EUR", json!(123_450)),
        ("5.000", "KWD", json!(5_000)),
        ("700", "JPY", json!(700)),
        ("5,50", "EUR", json!(null)),
        ("5.000", "EUR", json!(null)),
        ("$5", "INR", json!(null)),
        ("-5", "INR", json!(null)),
        ("5e3", "INR", json!(null)),
        ("99999999999999999", "INR", json!(null)),
    ] {
        let read = format!(
            "import('/state/money.js').then(({{ readMoney }}) => readMoney({typed:?}, {currency:?}))"
        );
        assert_eq!(window.promised(&read).await, amount, "{typed} {currency}");
    }
    let shown = "import('/state/money.js').then(({ shownMoney }) => [[12500000, 'INR'], [500, 'JPY']].map(([amount, currency]) => shownMoney({ amount, currency })))";
    assert_eq!(
        window.promised(shown).await,
        json!(["₹1,25,000.00", "¥500"])
    );
}
