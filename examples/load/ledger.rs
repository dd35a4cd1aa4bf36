//! Checks what one conversation's clients received: every seq once, in order, the same for all.

use crate::drive::frame::fingerprint;

const REMEMBERED_PROBLEMS: usize = 3;

/// The ledger of one conversation.
pub struct Ledger {
    /// The last seq before the load.
    base: u64,
    /// The fingerprint first delivered at each seq after the base; 0 if none was.
    delivered: Vec<u64>,
    /// The fingerprint acknowledged at each seq after the base; 0 if none was.
    acknowledged: Vec<u64>,
    /// The highest seq that each listening socket has.
    reached: Vec<u64>,
    problems: Problems,
}

/// The first problems, and their number.
#[derive(Default)]
pub struct Problems {
    pub count: u64,
    pub first: Vec<String>,
}

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, describe: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < REMEMBERED_PROBLEMS {
            self.first.push(describe());
        }
    }

    /// Adds those of another ledger.
    pub fn absorb(&mut self, other: Self) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.truncate(REMEMBERED_PROBLEMS);
    }
}

/// A fingerprint of a message's id and body.
pub fn mark(id: &str, body: &str) -> u64 {
    fingerprint(body) ^ fingerprint(id).rotate_left(1) | 1
}

impl Ledger {
    /// A ledger that begins after this seq.
    pub fn new(base: u64) -> Self {
        Self {
            base,
            delivered: Vec::new(),
            acknowledged: Vec::new(),
            reached: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// Adds a listening socket that joined at a seq; returns its index.
    pub fn follow(&mut self, joined_at: u64) -> usize {
        let base = self.base;
        if joined_at != base {
            self.problems
                .add(|| format!("a socket joined at seq {joined_at}, others at {base}"));
        }
        self.reached.push(base);
        self.reached.len() - 1
    }

    /// Records that a message reached a socket.
    pub fn deliver(&mut self, socket: usize, seq: u64, mark: u64) {
        let Some(reached) = self.reached.get_mut(socket) else {
            return;
        };
        let expected = *reached + 1;
        *reached = seq;
        if seq != expected {
            self.problems
                .add(|| format!("socket {socket} got seq {seq} where {expected} was next"));
        }
        let Some(known) = slot_of(&mut self.delivered, self.base, seq) else {
            return;
        };
        if *known == 0 {
            *known = mark;
        } else if *known != mark {
            self.problems.add(|| {
                format!("socket {socket} got another message at seq {seq} than others did")
            });
        }
    }

    /// Records that a send was acknowledged.
    pub fn acknowledge(&mut self, seq: u64, mark: u64) {
        let base = self.base;
        match slot_of(&mut self.acknowledged, base, seq) {
            Some(known) if *known == 0 => *known = mark,
            Some(_) => self
                .problems
                .add(|| format!("seq {seq} was acknowledged twice")),
            None => self
                .problems
                .add(|| format!("seq {seq} was acknowledged, the base was {base}")),
        }
    }

    /// Records another problem.
    pub fn complain(&mut self, problem: String) {
        self.problems.add(|| problem);
    }

    /// Whether every socket has all acknowledged messages.
    pub fn is_settled(&self) -> bool {
        (0..self.reached.len()).all(|socket| self.has_everything(socket))
    }

    /// Whether a socket has all acknowledged messages.
    pub fn has_everything(&self, socket: usize) -> bool {
        self.reached
            .get(socket)
            .is_some_and(|&reached| reached >= self.last())
    }

    fn last(&self) -> u64 {
        self.base + self.acknowledged.len() as u64
    }

    /// The number of acknowledged messages that were compared, and all problems.
    pub fn close(mut self) -> (u64, Problems) {
        let last = self.last();
        for (socket, &reached) in self.reached.iter().enumerate() {
            if reached != last {
                self.problems.add(|| {
                    format!(
                        "socket {socket} ended at seq {reached}, the last acknowledged is {last}"
                    )
                });
            }
        }
        for (index, &acknowledged) in self.acknowledged.iter().enumerate() {
            let seq = self.base + 1 + index as u64;
            match (
                acknowledged,
                self.delivered.get(index).copied().unwrap_or(0),
            ) {
                (0, _) => self
                    .problems
                    .add(|| format!("seq {seq} was never acknowledged")),
                (_, 0) => self
                    .problems
                    .add(|| format!("seq {seq} was acknowledged and never delivered")),
                (one, other) if one != other => self
                    .problems
                    .add(|| format!("seq {seq}: sent and delivered differ")),
                _ => {}
            }
        }
        (self.acknowledged.len() as u64, self.problems)
    }
}

fn slot_of(marks: &mut Vec<u64>, base: u64, seq: u64) -> Option<&mut u64> {
    let index = usize::try_from(seq.checked_sub(base + 1)?).ok()?;
    if index >= marks.len() {
        // An absurd seq is reported as a gap and must not allocate memory.
        if index > marks.len() + 1_000_000 {
            return None;
        }
        marks.resize(index + 1, 0);
    }
    marks.get_mut(index)
}
