//! What one conversation's clients were told, and whether it fits together: every seq once, in order, the same for all.

use crate::drive::frame::fingerprint;

const REMEMBERED_PROBLEMS: usize = 3;

/// The account of one conversation.
pub struct Ledger {
    /// The last seq before the load began.
    base: u64,
    /// The fingerprint that was first delivered at each seq after the base; 0 where none was.
    delivered: Vec<u64>,
    /// The fingerprint that was acknowledged at each seq after the base; 0 where none was.
    acknowledged: Vec<u64>,
    /// The highest seq that each listening socket has.
    reached: Vec<u64>,
    problems: Problems,
}

/// The first few things that are wrong, and how many there are.
#[derive(Default)]
pub struct Problems {
    pub count: u64,
    pub first: Vec<String>,
}

impl Problems {
    /// Notes one.
    pub fn add(&mut self, describe: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < REMEMBERED_PROBLEMS {
            self.first.push(describe());
        }
    }

    /// Takes over those of another part.
    pub fn absorb(&mut self, other: Self) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.truncate(REMEMBERED_PROBLEMS);
    }
}

/// One number for a message's id and body.
pub fn mark(id: &str, body: &str) -> u64 {
    fingerprint(body) ^ fingerprint(id).rotate_left(1) | 1
}

impl Ledger {
    /// Begins after the last seq that a join told.
    pub fn new(base: u64) -> Self {
        Self {
            base,
            delivered: Vec::new(),
            acknowledged: Vec::new(),
            reached: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// Takes in a listening socket that joined at a seq; answers its number here.
    pub fn follow(&mut self, joined_at: u64) -> usize {
        let base = self.base;
        if joined_at != base {
            self.problems
                .add(|| format!("a socket joined at seq {joined_at}, others at {base}"));
        }
        self.reached.push(base);
        self.reached.len() - 1
    }

    /// A message reached a socket.
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
        let Some(known) = place(&mut self.delivered, self.base, seq) else {
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

    /// A send was acknowledged.
    pub fn acknowledge(&mut self, seq: u64, mark: u64) {
        let base = self.base;
        match place(&mut self.acknowledged, base, seq) {
            Some(known) if *known == 0 => *known = mark,
            Some(_) => self
                .problems
                .add(|| format!("seq {seq} was acknowledged twice")),
            None => self
                .problems
                .add(|| format!("seq {seq} was acknowledged, the base was {base}")),
        }
    }

    /// Something else is wrong.
    pub fn complain(&mut self, problem: String) {
        self.problems.add(|| problem);
    }

    /// Whether every socket has everything that was acknowledged.
    pub fn is_settled(&self) -> bool {
        (0..self.reached.len()).all(|socket| self.has_everything(socket))
    }

    /// Whether one socket has everything that was acknowledged.
    pub fn has_everything(&self, socket: usize) -> bool {
        self.reached
            .get(socket)
            .is_some_and(|&reached| reached >= self.last())
    }

    fn last(&self) -> u64 {
        self.base + self.acknowledged.len() as u64
    }

    /// How many acknowledged messages were compared with what was delivered, and everything that is wrong.
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

fn place(marks: &mut Vec<u64>, base: u64, seq: u64) -> Option<&mut u64> {
    let index = usize::try_from(seq.checked_sub(base + 1)?).ok()?;
    if index >= marks.len() {
        // A nonsensical seq is reported as a gap; it must not take the memory.
        if index > marks.len() + 1_000_000 {
            return None;
        }
        marks.resize(index + 1, 0);
    }
    marks.get_mut(index)
}
