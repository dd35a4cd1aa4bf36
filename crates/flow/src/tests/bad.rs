//! Files that are refused, each with the line and text of the problem.

use crate::Definition;

const SMALL: &str = include_str!("small.toml");

/// The text to replace, its replacement, and the line and message of the resulting problem.
type Case = (&'static str, &'static str, usize, &'static str);

const NAMES: [Case; 22] = [
    ("title = \"Small\"\n", "", 1, "a flow file needs `title`"),
    (
        "version = 2",
        "version = \"2\"",
        2,
        "`version` must be a whole number, not a string",
    ),
    (
        "version = 2",
        "version = 0",
        2,
        "`version` must be from 1 to 1000000",
    ),
    (
        "name = \"small\"",
        "name = \"Small one\"",
        1,
        "`Small one` is not a name",
    ),
    (
        "title = \"Small\"",
        "title = \"Small\"\ncolour = 1",
        4,
        "a flow file has no key `colour`",
    ),
    (
        "\"buyer\", \"seller\"]",
        "\"buyer\", \"seller\", \"buyer\"]",
        4,
        "the role `buyer` is there twice",
    ),
    (
        "\"buyer\", \"seller\"]",
        "\"buyer\", \"seller\", \"staff\"]",
        4,
        "`staff` cannot be a role's name",
    ),
    (
        "initial = \"asking\"",
        "initial = \"askng\"",
        5,
        "there is no state `askng`",
    ),
    (
        "note = \"text\"",
        "note = \"texts\"",
        9,
        "there is no type `texts`",
    ),
    (
        ", currency = \"EUR\" }\nnote",
        " }\nnote",
        8,
        "money needs a currency",
    ),
    (
        "currency = \"EUR\" }\nnote",
        "currency = \"eur\" }\nnote",
        8,
        "`eur` is not a currency: three capital letters",
    ),
    (
        "default = 0",
        "default = \"x\"",
        10,
        "the default must be a whole number",
    ),
    (
        "awaiting = \"seller\"",
        "awaiting = \"selle\"",
        15,
        "there is no role `selle`",
    ),
    (
        "after = \"P2D\", to = \"over\", reason",
        "after = \"2 days\", to = \"over\", reason",
        16,
        "`2 days` is not a duration",
    ),
    (
        "to = \"over\", reason = \"expired\"",
        "to = \"ever\", reason = \"expired\"",
        16,
        "there is no state `ever`",
    ),
    (
        "to = \"over\", reason = \"expired\"",
        "reason = \"expired\"",
        16,
        "a deadline needs a next state or an action",
    ),
    (
        "say = { seller =",
        "say = { sellers =",
        17,
        "there is no role `sellers`",
    ),
    ("{ctx.note|", "{ctx.notes|", 18, "there is no `ctx.notes`"),
    ("Pay {ctx.price}", "Pay {ctx.price", 25, "`{` is not closed"),
    (
        "Pay {ctx.price}",
        "Pay {input.price}",
        25,
        "there is no `input.price`",
    ),
    ("label = \"Offer\"\n", "", 32, "an action needs `label`"),
    (
        "label = \"Offer\"",
        "label = \"Offer\"\nstyle = \"green\"",
        37,
        "there is no style `green`",
    ),
];

const RULES: [Case; 18] = [
    (
        "ctx.rounds < 3",
        "ctx.round < 3",
        38,
        "there is no `ctx.round`; did you mean `ctx.rounds`?",
    ),
    (
        "ctx.rounds < 3",
        "rounds < 3",
        38,
        "there is no `rounds`: it knows ctx, input, visits, actor.role, actor.staff and now",
    ),
    (
        "ctx.rounds < 3",
        "ctx.rounds < '3'",
        38,
        "`<` does not go with a whole number and a string",
    ),
    (
        "ctx.rounds < 3",
        "ctx.rounds",
        38,
        "this must yield a boolean, not a whole number",
    ),
    (
        "ctx.rounds < 3",
        "input.prize.amount < 3",
        38,
        "there is no `input.prize`; did you mean `input.price`?",
    ),
    (
        "ctx.rounds < 3",
        "input.price.cents < 3",
        38,
        "money has no `cents`, only `amount` and `currency`",
    ),
    (
        "ctx.rounds < 3",
        "visits.payng < 3",
        38,
        "there is no `visits.payng`; did you mean `visits.paying`?",
    ),
    (
        "ctx.rounds < 3",
        "has(ctx.note)",
        38,
        "macros are not available; write `ctx.x != null` for `has(ctx.x)`",
    ),
    (
        "ctx.rounds < 3",
        "[1].all(x, x > 0)",
        38,
        "macros are not available; write `ctx.x != null` for `has(ctx.x)`",
    ),
    (
        "ctx.rounds < 3",
        "shout(ctx.note)",
        38,
        "there is no function `shout`: it knows size, contains, startsWith, endsWith, int, string, timestamp and duration",
    ),
    (
        "ctx.rounds < 3",
        "((((((((((1))))))))) < 2",
        38,
        "brackets stand more than 8 deep",
    ),
    (
        "ctx.rounds < 3",
        "1.5 < 2.0",
        38,
        "there are no decimal numbers; amounts are in the smallest unit",
    ),
    (
        "price = \"input.price\"",
        "prize = \"input.price\"",
        39,
        "there is no `ctx.prize`",
    ),
    (
        "price = \"input.price\"",
        "price = \"ctx.note\"",
        39,
        "this must yield money or a whole number or null, not a string",
    ),
    (
        ", { to = \"asking\" }]",
        "]",
        35,
        "none of these branches may hold",
    ),
    (
        "name = \"price\", type = \"money\"",
        "name = \"price\", min = 5, type = \"text\"",
        37,
        "only numbers and money have bounds",
    ),
    (
        "name = \"price\", type",
        "name = \"price\", kind = 1, type",
        37,
        "a field has no key `kind`",
    ),
    (
        "from = 1\nstates",
        "from = 2\nstates",
        54,
        "`from` must be from 1 to 1",
    ),
];

const WHOLE: [Case; 14] = [
    (
        "[states.over]",
        "[states.lost]\ntitle = \"Lost\"\nterminal = true\n[states.over]",
        28,
        "the state `lost` is never reached",
    ),
    (
        "deadline = { after = \"P2D\", to = \"over\" }\n",
        "",
        20,
        "`paying` awaits `buyer` without a deadline",
    ),
    (
        "prompt.buyer = { title = \"Pay {ctx.price}\" }\n",
        "",
        20,
        "`paying` awaits `buyer` and does not ask them: `prompt`",
    ),
    (
        "by = \"seller\"",
        "by = \"buyer\"",
        13,
        "`asking` awaits `seller`, who can do nothing in it",
    ),
    (
        "terminal = true",
        "",
        28,
        "there is no way out of `over` but staff",
    ),
    (
        "refunded = \"tell\"",
        "refunded = \"refund\"",
        51,
        "`refund` is not a policy here",
    ),
    (
        "refunded = \"tell\"\n",
        "",
        47,
        "[payment] needs `refunded`",
    ),
    (
        "checkout = true\n",
        "",
        20,
        "`paying` asks `buyer` for money without an action that opens the checkout",
    ),
    (
        "after = \"P1D\"",
        "after = \"P3D\"",
        13,
        "`asking` reminds after its deadline",
    ),
    (
        "to = \"over\", reason = \"expired\"",
        "to = \"asking\", reason = \"expired\"",
        13,
        "time alone leads from `asking` back to it, for ever",
    ),
    (
        "else = \"over\"",
        "else = \"paying\"",
        20,
        "`paying` leads back to itself at once, for ever",
    ),
    (
        "terminal = true",
        "terminal = true\nthen = \"asking\"",
        28,
        "`over` is terminal and goes on by itself",
    ),
    (
        "[actions.offer]",
        "[actions.paid]",
        32,
        "`paid` is reserved for the log",
    ),
    (
        "by = \"seller\"",
        "by = [\"seller\", \"timer\"]",
        37,
        "timers and payments cannot fill in forms",
    ),
];

#[test]
fn the_file_itself_is_fine() {
    let told = Definition::parse(SMALL).map_err(|problems| problems[0].to_string());
    assert_eq!(told.map(|definition| definition.version), Ok(2));
}

#[test]
fn each_problem_has_its_line_and_its_sentence() {
    let mut wrong = Vec::new();
    for (out, into, line, message) in NAMES.into_iter().chain(RULES).chain(WHOLE) {
        assert!(SMALL.contains(out), "{out}");
        let source = SMALL.replacen(out, into, 1);
        let problems = Definition::parse(&source).err().unwrap_or_default();
        let found = problems
            .iter()
            .any(|problem| problem.line == line && problem.message == message);
        if !found {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            wrong.push(format!(
                "{into:?}: wanted {line}: {message}\n    got {told:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_problems_are_told_at_once() {
    let source = SMALL
        .replace("initial = \"asking\"", "initial = \"askng\"")
        .replace("ctx.rounds < 3", "ctx.round < 3")
        .replace("label = \"Pay\"", "labl = \"Pay\"");
    let problems = Definition::parse(&source).unwrap_err();
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [5, 38, 41, 44]);
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `asking`?"));
    assert_eq!(problems[3].help.as_deref(), Some("did you mean `label`?"));
}
