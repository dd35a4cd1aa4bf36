//! The comparison: it knows only the clients' logs and Postgres.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::read_dir;
use std::path::Path;

use diesel::{Connection, PgConnection};

use crate::drive::Failure;
use crate::drive::frame::fingerprint;

use super::account::{Account, StoredMessage, stored_messages};
use super::log::{Author, Fact, read};

const SHOWN: usize = 20;

/// The verdict, which the process prints as its last line.
pub const VERDICT: &str = "verdict: ";

/// What was compared, and what is wrong.
#[derive(Default)]
struct Comparison {
    conversations: u64,
    listeners: u64,
    acknowledged: usize,
    received: u64,
    wrong: Vec<String>,
}

/// What the logs and the table say of one message, by seq.
struct Known {
    client_id: String,
    sender: String,
    body: u64,
    /// The public id, which is not a column; every log must agree on it.
    id: Option<String>,
}

/// Plays the role.
pub fn run(folder: &Path, database: &str) -> Result<(), Failure> {
    let mut connection = PgConnection::establish(database)?;
    let mut authors: BTreeMap<String, Vec<Author>> = BTreeMap::new();
    for file in read_dir(folder)? {
        if let Some(author) = file?.file_name().to_str().and_then(Author::of_file) {
            authors
                .entry(author.conversation.clone())
                .or_default()
                .push(author);
        }
    }
    let mut comparison = Comparison::default();
    for (conversation, authors) in &authors {
        let account = Account::read(&mut connection, conversation)?;
        comparison.conversation(folder, conversation, account, authors)?;
    }
    let stored = stored_messages(&mut connection)?;
    if stored != comparison.acknowledged as u64 {
        comparison.wrong.push(format!(
            "{stored} messages are stored, {} were acknowledged",
            comparison.acknowledged
        ));
    }
    if comparison.acknowledged == 0 {
        comparison.wrong.push("nothing was acknowledged".into());
    }
    comparison.tell()
}

impl Comparison {
    fn conversation(
        &mut self,
        folder: &Path,
        conversation: &str,
        account: Account,
        authors: &[Author],
    ) -> Result<(), Failure> {
        self.conversations += 1;
        let first_gap = account
            .seqs
            .iter()
            .zip(1..)
            .find(|(seq, expected)| **seq != *expected);
        if let Some((seq, expected)) = first_gap {
            self.wrong.push(format!(
                "{conversation}: seq {seq} is stored where {expected} should be"
            ));
        }
        if account.seqs.last().copied().unwrap_or(0) != account.last_seq {
            self.wrong.push(format!(
                "{conversation}: last_seq is {}, seqs end elsewhere",
                account.last_seq
            ));
        }
        let mut known: HashMap<u64, Known> = account
            .messages
            .into_iter()
            .map(known)
            .collect::<Result<_, _>>()?;
        let mut acknowledged = 0;
        for author in authors {
            acknowledged += self.log(folder, author, &mut known, account.last_seq)?;
        }
        self.acknowledged += acknowledged;
        if acknowledged != known.len() {
            let stored = known.len();
            self.wrong.push(format!(
                "{conversation}: {stored} messages are stored, {acknowledged} were acknowledged"
            ));
        }
        let distinct: HashSet<&String> = known
            .values()
            .filter_map(|message| message.id.as_ref())
            .collect();
        if distinct.len() != known.len() {
            self.wrong.push(format!(
                "{conversation}: {} messages, {} ids",
                known.len(),
                distinct.len()
            ));
        }
        Ok(())
    }

    /// Answers how many sends the author got acknowledged.
    fn log(
        &mut self,
        folder: &Path,
        author: &Author,
        known: &mut HashMap<u64, Known>,
        last_seq: u64,
    ) -> Result<usize, Failure> {
        self.listeners += 1;
        let mut acknowledged = HashMap::new();
        // A fresh reader begins before the first message; what stands before that is no message.
        let before_messages = known.keys().min().map_or(last_seq, |first| first - 1);
        let mut reached = author.is_fresh.then_some(before_messages);
        for fact in read(folder, author)? {
            match fact? {
                Fact::Base { seq } => reached = Some(seq),
                Fact::Wrong(what) => self.complain(author, &what),
                Fact::Acknowledged {
                    client_id,
                    id,
                    seq,
                    body,
                } => {
                    self.same(author, known, seq, &id, body, Some(&client_id));
                    // A message that was sent twice may be answered twice, with the same.
                    let first = *acknowledged.entry(client_id).or_insert(seq);
                    if first != seq {
                        self.complain(
                            author,
                            &format!("one client id was acknowledged at seq {first} and {seq}"),
                        );
                    }
                }
                Fact::Received { id, seq, body } => {
                    self.received += 1;
                    if reached.is_none_or(|reached| reached + 1 != seq) {
                        self.complain(author, &format!("got seq {seq} after {reached:?}"));
                    }
                    reached = Some(seq);
                    self.same(author, known, seq, &id, body, None);
                }
            }
        }
        if reached != Some(last_seq) {
            self.complain(
                author,
                &format!("ended at {reached:?}, last_seq is {last_seq}"),
            );
        }
        Ok(acknowledged.len())
    }

    /// What somebody was told of a seq must be what is stored there, and what everybody else was told.
    fn same(
        &mut self,
        author: &Author,
        known: &mut HashMap<u64, Known>,
        seq: u64,
        id: &str,
        body: u64,
        client_id: Option<&str>,
    ) {
        let Some(known) = known.get_mut(&seq) else {
            return self.complain(
                author,
                &format!("was told of seq {seq}, where no message is stored"),
            );
        };
        if known.body != body {
            self.complain(author, &format!("was told another body at seq {seq}"));
        }
        if client_id
            .is_some_and(|client_id| known.client_id != client_id || known.sender != author.user)
        {
            let stored = format!("{} of {}", known.client_id, known.sender);
            self.complain(
                author,
                &format!("{client_id:?} was acknowledged at seq {seq}, where {stored} is stored"),
            );
        }
        if known.id.get_or_insert_with(|| id.to_owned()) != id {
            self.complain(author, &format!("was told another id at seq {seq}"));
        }
    }

    fn complain(&mut self, author: &Author, what: &str) {
        let reader = if author.is_fresh {
            "a fresh reader"
        } else {
            &author.user
        };
        self.wrong
            .push(format!("{reader} in {}: {what}", author.conversation));
    }

    fn tell(self) -> Result<(), Failure> {
        let Self {
            conversations,
            listeners,
            acknowledged,
            received,
            wrong,
        } = self;
        let mut text = format!(
            "{VERDICT}{acknowledged} acknowledged messages, {received} receptions, {listeners} logs, \
             {conversations} conversations: {} wrong",
            wrong.len()
        );
        wrong
            .iter()
            .take(SHOWN)
            .for_each(|problem| text.extend(["\nWRONG: ", problem]));
        std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes())?;
        if wrong.is_empty() {
            Ok(())
        } else {
            Err("the logs and the database differ".into())
        }
    }
}

fn known(stored: StoredMessage) -> Result<(u64, Known), Failure> {
    let StoredMessage {
        seq,
        sender,
        client_id,
        body,
    } = stored;
    Ok((
        u64::try_from(seq)?,
        Known {
            client_id,
            sender,
            body: fingerprint(&body),
            id: None,
        },
    ))
}
