//! Searches one after the other, and says how long they took.

use chrono::Utc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stoa::domain::access::Requester;
use stoa::domain::ids::{UserId, UserNo};
use stoa::domain::principal::Roles;
use stoa::domain::search::parse;
use stoa::domain::tokens::Tokenizer;
use stoa::store::pool::Pool;
use stoa::store::search::{Bounds, MessageSearch, Order, Page, Scope, find};

use super::Outcome;
use super::filling::WORDS;

const STAFF: Roles = Roles {
    admin: false,
    support: true,
    service: false,
};

/// Who searches, and for how frequent words.
struct Kind {
    name: &'static str,
    user: i64,
    scope: Scope,
    /// Makes a query of a number that differs from search to search.
    query: fn(i64) -> String,
}

const KINDS: [Kind; 8] = [
    Kind {
        name: "a reader of 5,000: a frequent word",
        user: 1,
        scope: Scope::Own,
        query: |n| format!("word{} ", n % 20),
    },
    Kind {
        name: "a reader of 5,000: a rare word",
        user: 1,
        scope: Scope::Own,
        query: |n| format!("word{} x*", WORDS - n * 31 % 20_000),
    },
    Kind {
        name: "a reader of 5,000: two words",
        user: 1,
        scope: Scope::Own,
        query: |n| format!("word{} word{}", n % 10, n % 100),
    },
    Kind {
        name: "a seller of 30,000: a frequent word",
        user: 2,
        scope: Scope::Own,
        query: |n| format!("word{} ", n % 20),
    },
    Kind {
        name: "a seller of 30,000: a phrase",
        user: 2,
        scope: Scope::Own,
        query: |n| format!("\"word{} word{}\"", n % 10, n % 7),
    },
    Kind {
        name: "staff: a rare word",
        user: 3,
        scope: Scope::Everything,
        query: |n| format!("\"word{}\"", WORDS - n * 31 % 20_000),
    },
    Kind {
        name: "staff: a frequent word",
        user: 3,
        scope: Scope::Everything,
        query: |n| format!("word{} ", n % 20),
    },
    Kind {
        name: "staff: a prefix",
        user: 3,
        scope: Scope::Everything,
        query: |n| format!("word{}", n % 90 + 10),
    },
];

/// Prints a table of all kinds.
pub fn measure(pool: &Pool, tokenizer: &Arc<Tokenizer>, searches: usize) -> Outcome {
    println!(
        "| who | p50, ms | p99, ms | most, ms | plans | refused |\n| --- | --- | --- | --- | --- | --- |"
    );
    let mut searcher = pool.searcher();
    for kind in &KINDS {
        let (mut took, mut plans, mut refused) = (Vec::new(), Vec::new(), 0);
        for number in 0..searches as i64 {
            let asked = asked(kind, number, tokenizer)?;
            let begun = Instant::now();
            let found = searcher.run(move |connection| find(connection, &asked))?;
            took.push(begun.elapsed());
            match found {
                Ok(found) if !plans.contains(&found.plan) => plans.push(found.plan),
                Ok(_) => {}
                Err(_) => refused += 1,
            }
        }
        took.sort_unstable();
        let at = |part: f64| -> f64 {
            let index = (took.len() as f64 * part) as usize;
            took.get(index.min(took.len().saturating_sub(1)))
                .map_or(0.0, Duration::as_secs_f64)
                * 1e3
        };
        let (plans, name) = (plans.join(", "), kind.name);
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} | {plans} | {refused} |",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
    Ok(())
}

fn asked(
    kind: &Kind,
    number: i64,
    tokenizer: &Arc<Tokenizer>,
) -> Result<MessageSearch, Box<dyn std::error::Error>> {
    let text = (kind.query)(number);
    let query = parse(tokenizer, &text).map_err(|refusal| refusal.message())?;
    let roles = match kind.scope {
        Scope::Own => Roles::default(),
        Scope::Everything => STAFF,
    };
    Ok(MessageSearch {
        query,
        text,
        requester: Requester::new(UserNo(kind.user), roles),
        me: UserId::stored(format!("user-{}", kind.user)),
        scope: kind.scope,
        page: Page::First(Order::Newest),
        limit: 20,
        tokenizer: Arc::clone(tokenizer),
        now: Utc::now(),
        bounds: Bounds::default(),
    })
}
