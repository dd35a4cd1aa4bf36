//! Every order, doubling and split of events gives one state.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::{Fixture, RulesFile, shipped};

/// Numbers that look random, the same in each run of a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.roll(place + 1));
        }
    }
}

const PEOPLE: [&str; 6] = ["p0", "p1", "p2", "p3", "p4", "p5"];

/// The number of events of a run; `STOA_LAW_EVENTS=10000` makes a long one.
fn number_of_events() -> usize {
    let given = std::env::var("STOA_LAW_EVENTS").ok();
    given.map_or(1_500, |given| given.parse().expect("a number of events"))
}

/// Events that only count, some of which withdraw others.
fn many(count: usize) -> Vec<Value> {
    let event = |n: usize| {
        let actor = PEOPLE[n % 6];
        let undoes = (n % 17 == 3).then(|| (n * 7 % count).to_string());
        json!({ "source": "ptp", "id": n.to_string(), "type": "community_post.created", "actor": actor,
            "subject": format!("community_post/{}", n % 900), "data": { "title": format!("Post {n}") }, "undoes": undoes })
    };
    (0..count).map(event).collect()
}

/// Tells all events in a random order, some of them twice, in requests of random sizes.
async fn tell_somehow(fixture: &Fixture, events: &[Value], seed: u64) {
    let mut dice = Dice(seed);
    let mut told: Vec<&Value> = events.iter().collect();
    let again: Vec<&Value> = events.iter().filter(|_| dice.roll(5) == 0).collect();
    told.extend(again);
    dice.shuffle(&mut told);
    let mut rest = told.as_slice();
    let mut accepted = 0;
    while !rest.is_empty() {
        let size = (1 + dice.roll(500)).min(rest.len());
        let (part, others) = rest.split_at(size);
        let answer = fixture.tell(json!(part)).await;
        assert_eq!(answer["refused"], 0, "seed {seed}: {answer}");
        accepted += answer["accepted"].as_u64().expect("a number") as usize;
        rest = others;
    }
    assert_eq!(accepted, events.len(), "seed {seed}");
    fixture.until_handled().await;
}

const ACTIVITIES: &str = "
select e.source || ' ' || e.id || ' ' || u.id || ' ' || a.type || ' ' || a.subject_id || ' ' || (e.data ->> 'title') as line
from activities a join events e on e.no = a.event_no join users u on u.no = a.actor_no order by 1";

#[tokio::test]
async fn events_make_one_state_however_they_come() {
    let count = number_of_events();
    let events = many(count);
    let mut states = BTreeSet::new();
    for seed in [11, 12_345, 987_654_321] {
        let fixture = Fixture::with(&shipped("part_time_pays"), &PEOPLE).await;
        tell_somehow(&fixture, &events, seed).await;
        let state = fixture.lines(ACTIVITIES);
        assert!(
            state.len() > count * 9 / 10 && state.len() < count,
            "{}",
            state.len()
        );
        states.insert(state);
    }
    assert_eq!(states.len(), 1);
}

/// Rules whose effects do not depend on the order of events.
const RULES: &str = r#"
name = "law"
version = 1
[modules]
m = "M"
[events."thing.touched"]
module = "m"
subject = "thing"
data = { by = "user", other = "user" }
[[rules]]
name = "room"
on = "thing.touched"
converse = { type = "thing", people = { keeper = "data.by", guest = "data.other" }, title = "{subject.id}" }
people = { in = "thing", add = { keeper = "data.by", guest = "data.other" } }
say = { in = "thing", text = "{event.id}" }
audit = { action = "touched", text = "{event.id}" }
connect = { from = "data.by", to = "data.other", kind = "thing" }
emit = { type = "thing.noted", data = { id = "{event.id}" } }
"#;

const STATE: &str = "
select 'room ' || c.subject_id || ' ' || (select string_agg(u.id, ',' order by u.id) from participants p join users u on u.no = p.user_no where p.conversation_no = c.no)
    || ' ' || (select string_agg(m.body, ',' order by m.body) from messages m where m.conversation_no = c.no) as line from conversations c
union all select 'audit ' || (data ->> 'text') from audit_log
union all select 'webhook ' || (body::json -> 'data' -> 'data' ->> 'id') from webhook_events
union all select 'tie ' || least(l.id, h.id) || ' ' || greatest(l.id, h.id) from connections c join users l on l.no = c.low_no join users h on h.no = c.high_no
order by 1";

#[tokio::test]
async fn what_follows_is_one_state_too_where_rules_do_not_depend_on_the_order() {
    let rules = RulesFile::with(RULES);
    let event = |n: usize| {
        let (by, other) = (PEOPLE[n % 6], PEOPLE[(n * 5 + 1) % 6]);
        json!({ "source": "law", "id": n.to_string(), "type": "thing.touched", "subject": format!("thing/{}", n % 9), "data": { "by": by, "other": other } })
    };
    let events: Vec<Value> = (0..120).map(event).collect();
    let mut states = BTreeSet::new();
    for seed in [5, 77_777] {
        let fixture = Fixture::with(&rules.path(), &PEOPLE).await;
        tell_somehow(&fixture, &events, seed).await;
        let failed = "select rule || ' ' || status || ' ' || detail::text as line from rule_runs where status <> 'done'";
        assert_eq!(fixture.lines(failed), Vec::<String>::new());
        states.insert(fixture.lines(STATE));
    }
    assert_eq!(states.len(), 1, "{states:#?}");
    let state = states.pop_first().expect("a state");
    let rooms = state.iter().filter(|line| line.starts_with("room")).count();
    assert_eq!(
        (
            rooms,
            state
                .iter()
                .filter(|line| line.starts_with("audit"))
                .count()
        ),
        (9, 120)
    );
}
