//! No content of a file makes the parser panic.

use crate::Definition;
use proptest::prelude::*;

const SMALL: &str = include_str!("small.toml");

#[test]
fn what_is_no_toml_is_told_too() {
    for source in [
        "",
        "name = ",
        "[states",
        "a = 1\na = 2",
        "\u{0}",
        "x = [1,",
        "= 5",
    ] {
        let problems = Definition::parse(source).unwrap_err();
        assert!(
            problems.iter().all(|problem| problem.line >= 1),
            "{source:?}"
        );
    }
    let large = format!("# {}", "x".repeat(300_000));
    let problems = Definition::parse(&large).unwrap_err();
    assert!(problems[0].message.contains("at most 262144"));
}

#[test]
fn an_expression_cannot_break_the_parser() {
    let long = format!("ctx.rounds < {}1", "1 + ".repeat(250));
    let deep = format!("{}true", "!".repeat(900));
    let chain = format!("ctx{}", ".a".repeat(400));
    let ternary = format!("{}true", "true ? true : ".repeat(70));
    let huge = "x".repeat(2_000);
    for guard in [long, deep, chain, ternary, huge] {
        let source = SMALL.replace("ctx.rounds < 3", &guard);
        let problems = Definition::parse(&source).err().unwrap_or_default();
        assert!(problems.iter().all(|problem| problem.line == 38), "{guard}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_reader(text in any::<String>()) {
        drop(Definition::parse(&text));
    }

    #[test]
    fn no_mutation_breaks_the_reader(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[\\[\\]{}a-z.=\"'0-9 \n]{0,6}"), 1..4)
    ) {
        let mut source: Vec<char> = SMALL.chars().collect();
        for (place, length, text) in cuts {
            let start = place.index(source.len());
            let end = (start + length).min(source.len());
            source.splice(start..end, text.chars());
        }
        let source: String = source.into_iter().collect();
        drop(Definition::parse(&source));
    }

    #[test]
    fn no_guard_breaks_the_reader(guard in "[a-z.()<>!&|?:+*/%0-9' \\[\\]-]{0,60}") {
        let source = SMALL.replace("ctx.rounds < 3", &guard);
        drop(Definition::parse(&source));
    }
}
