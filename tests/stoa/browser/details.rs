//! Small things that must be right: addresses that name nothing, icons without a network, both directions of writing, narrow bars, money.

use serde_json::{Value, json};

use super::window::{Window, hook, message_in, part};
use super::{counter, group, player, stage};
use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_names_no_conversation_shows_the_list() {
    let app = stage().await;
    for fragment in ["#nonsense", "#%", "#%E0%A4%A", "#", "#0"] {
        let window = Window::open().await;
        window.visit(&app, &format!("/?as=mira{fragment}")).await;
        window.see(&hook("conversation-item")).await;
        window.see(&hook("no-conversation")).await;
        assert_eq!(window.count(&hook("notice")).await, 0, "{fragment}");
        window.expect_no_faults().await;
    }
}

/// How wide the icon of a message's tick is drawn.
const TICKS: &str = "return [...document.querySelectorAll('[data-state=pending] [data-test=tick] svg')].map((svg) => svg.getBBox().width)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_message_has_its_clock_without_a_network_and_nobody_has_seen_it() {
    let mut app = stage().await;
    let mira = player(&app, "mira").await;
    let id = group(&mira, &["jonas", "lena"]).await;
    let path = format!("/api/v1/conversations/{id}/messages");
    mira.post(&path, json!({ "body": "Hello" }))
        .await
        .expect_status(201);
    let window = Window::open_as(&app, "mira", &id).await;
    window
        .see("[data-test=connection-bar][data-state=open], [data-test=composer]")
        .await;
    app.stop().await;
    window.say("Are you there?").await;
    window.see(&message_in("Are you there?", "pending")).await;
    let widths = window.ask(TICKS).await;
    let widths = widths.as_array().expect("icons");
    assert!(!widths.is_empty());
    assert!(
        widths.iter().all(|width| width.as_f64() > Some(4.0)),
        "{widths:?}"
    );
    let tick = window.see(&part("Are you there?", "tick")).await;
    let title = tick.attr("title").await.expect("an answer");
    assert_eq!(title.as_deref(), Some("Waiting to be sent"));
    app.start_again().await;
    window.see(&message_in("Are you there?", "sent")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_who_speak_without_taking_part_are_shown_as_staff() {
    let app = stage().await;
    let (mira, sam) = (player(&app, "mira").await, player(&app, "sam").await);
    let id = counter(&mira).await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let body = json!({ "body": "May I help?" });
    sam.post(&path, body).await.expect_status(201);
    let window = Window::open_as(&app, "mira", &id).await;
    let sender = window.see(&part("May I help?", "sender")).await;
    assert_eq!(sender.text().await.expect("a name"), "Staff");
    window.read("[data-test=preview]", "Staff").await;
    window.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_laid_out_from_their_own_side() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let id = counter(&mira).await;
    let window = Window::open_as(&app, "mira", &id).await;
    let (hebrew, english) = ("שלום ABC", "Hello שלום");
    window.say(english).await;
    window.see(&message_in(english, "sent")).await;
    window.write(&hook("composer"), hebrew).await;
    let direction =
        |of: &str| format!("return getComputedStyle(document.querySelector({of:?})).direction");
    assert_eq!(window.ask(&direction("[data-test=composer]")).await, "rtl");
    window.write(&hook("composer"), "\n").await;
    window.see(&message_in(hebrew, "sent")).await;
    let bubbles = "return [...document.querySelectorAll('[data-test=message]')].slice(-2).map((one) => getComputedStyle(one.querySelector('.bubble')).direction)";
    assert_eq!(window.ask(bubbles).await, json!(["ltr", "rtl"]));
    // The Latin word stands at the left of a Hebrew text.
    let script = "
        const body = [...document.querySelectorAll('[data-test=message-body]')].pop();
        const text = document.createTreeWalker(body, NodeFilter.SHOW_TEXT).nextNode();
        const left = (from, to) => { const range = document.createRange(); range.setStart(text, from); range.setEnd(text, to); return range.getBoundingClientRect().left; };
        return left(5, 8) < left(0, 4);";
    assert_eq!(window.ask(script).await, true);
    let preview = "return [...document.querySelectorAll('[data-test=preview] bdi')].some((one) => getComputedStyle(one).direction === 'rtl')";
    assert_eq!(window.ask(preview).await, true);
    window.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_bar_fits_a_phone() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let id = counter(&mira).await;
    let window = Window::open_as(&app, "mira", &id).await;
    let script = "
        const bar = document.querySelector('[data-test=demo-bar]');
        return [...bar.querySelectorAll('select, a')].map((one) => {
            const { left, right, width, height } = one.getBoundingClientRect();
            const at = document.elementFromPoint((left + right) / 2, one.getBoundingClientRect().top + height / 2);
            return { what: one.dataset.test, fits: left >= 0 && right <= innerWidth, large: width >= 24 && height >= 24, shown: one.contains(at), width };
        });";
    for width in [320, 360, 400, 719] {
        window.resize(width, 740).await;
        let found = window.ask(script).await;
        let found = found.as_array().expect("controls");
        assert_eq!(found.len(), 3, "{width}: {found:?}");
        for one in found {
            let is_right = ["fits", "large", "shown"]
                .iter()
                .all(|key| one[*key] == true);
            assert!(is_right, "{width}: {one}");
        }
        let select = found.iter().find(|one| one["what"] == "person-switcher");
        let select = select.expect("the choice of a person")["width"].as_f64();
        assert!(select >= Some(80.0), "{width}: {select:?}");
        window.picture(&format!("demo-bar-{width}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_drawing_of_a_flow_is_not_cut_off() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let found = mira
        .get("/api/v1/conversations?subject_type=bid&subject_id=bid-203")
        .await;
    let found = found.expect_status(200).body;
    let id = found["items"][0]["id"].as_str().expect("the demo's deal");
    let window = Window::open_as(&app, "mira", id).await;
    let fits = "
        const place = document.querySelector('.drawing-place');
        const { left, right, width } = place.querySelector('img').getBoundingClientRect();
        return width > 200 && left >= 0 && right <= innerWidth && place.scrollWidth <= place.clientWidth;";
    for width in [1280, 360] {
        window.resize(width, 800).await;
        if width < 720 {
            window.press(&hook("context-toggle")).await;
        }
        window.press(&hook("flow-drawing-open")).await;
        window.see(&hook("drawing")).await;
        window.until(fits).await;
        window.picture(&format!("drawing-{width}")).await;
        window.press(&hook("drawing-size")).await;
        window
            .until("return document.querySelector('.drawing-place').scrollWidth > innerWidth")
            .await;
        window.press(&hook("drawing-size")).await;
        window.until(fits).await;
        window.press(&hook("dismiss")).await;
        window.miss(&hook("flow-drawing")).await;
    }
    window.expect_no_faults().await;
}

/// The page's own modules, asked directly.
async fn asked(window: &Window, module: &str, call: &str) -> Value {
    window
        .promised(&format!("import('/{module}').then((found) => {call})"))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_are_read_and_shown_by_the_digits_of_their_currency() {
    let app = stage().await;
    let window = Window::open().await;
    window.visit(&app, "/").await;
    window.see(&hook("person-choice")).await;
    for (currency, typed, amount, shown) in [
        ("INR", "5,000.50", 500_050, "₹5,000.50"),
        ("JPY", "500", 500, "¥500"),
        ("KWD", "12.345", 12_345, "KWD 12.345"),
        ("EUR", "12.5", 1_250, "€12.50"),
    ] {
        let field = json!({ "name": "price", "type": "money", "currency": currency });
        let read = format!("found.readField({field}, {typed:?})");
        let read = asked(&window, "state/forms.js", &read).await;
        assert_eq!(
            read["value"],
            json!({ "amount": amount, "currency": currency })
        );
        let paid = format!(
            "found.renderMessage({{ id: 1, action_required: true, action_data: {{ title: 'x', payment_order: {{ razorpay_config: {{ amount: {amount}, currency: '{currency}' }} }} }} }}, {{}}).querySelector('[data-test=pay]').textContent"
        );
        let paid = asked(&window, "stoory/rendering.js", &paid).await;
        let paid = paid.as_str().expect("a button").replace('\u{a0}', " ");
        assert_eq!(paid, format!("Pay {shown}"));
    }
    let problem = async |field: Value, typed: &str| {
        let call = format!("found.readField({field}, {typed:?}).problem ?? null");
        asked(&window, "state/forms.js", &call).await
    };
    let rupees = json!({ "name": "price", "type": "money", "currency": "INR" });
    let huge = "999999999999999999999";
    assert_eq!(
        problem(rupees.clone(), huge).await,
        "At most ₹9,00,71,99,25,47,409.91."
    );
    let bounded = json!({ "name": "price", "type": "money", "currency": "INR", "max": 100_000 });
    assert_eq!(problem(bounded, huge).await, "At most ₹1,000.00.");
    let number = json!({ "name": "count", "type": "number" });
    assert_eq!(problem(number, huge).await, "At most 9007199254740991.");
    assert!(
        problem(rupees, "five")
            .await
            .as_str()
            .is_some_and(|why| why.starts_with("An amount, please"))
    );
    window.expect_no_faults().await;
}

/// Among several nodes the bar says which one serves the page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_bar_names_the_node_of_the_page() {
    let options = ["--rate-limits", "off", "--demo", "--demo-into-database"];
    let app = TestApp::with(&[&options[..], &["--node-tag", "eu"]].concat()).await;
    let window = Window::open().await;
    window.visit(&app, "/?as=mira").await;
    window.read(&hook("node"), "Node eu").await;
    window.expect_no_faults().await;
}
