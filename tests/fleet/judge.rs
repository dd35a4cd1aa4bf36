//! The comparison of what clients were told with what Postgres holds, read without any of the server's code.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};

use crate::drive::Failure;
use crate::drive::polling::poll_blocking;

use super::crowd::{Acknowledged, Log, locked};

/// A stored message.
#[derive(Clone, Debug, QueryableByName)]
pub struct Stored {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Text)]
    pub client_id: String,
    #[diesel(sql_type = Text)]
    pub body: String,
    /// When its commit began, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub at: i64,
}

const MESSAGES: &str = "select seq, client_id, body,
        (extract(epoch from created_at) * 1000000)::bigint as at
    from messages where conversation_no = (select no from conversations where id = $1::uuid)
    order by seq";

/// The messages of a conversation, in order.
pub fn stored(database: &str, conversation: &str) -> Result<Vec<Stored>, Failure> {
    let mut connection = PgConnection::establish(database)?;
    let query = sql_query(MESSAGES).bind::<Text, _>(conversation);
    Ok(query.load(&mut connection)?)
}

/// Waits until every listener has what is stored. Those who have not after that are named by the comparison.
pub fn wait_for_all(database: &str, logs: &[Arc<Mutex<Log>>], limit: Duration) {
    let is_behind = |log: &&Arc<Mutex<Log>>| {
        let log = locked(log).clone();
        let all = stored(database, &log.conversation).unwrap_or_default();
        let reached = log.heard.last().map(|heard| heard.seq);
        reached != all.last().and_then(|last| u64::try_from(last.seq).ok())
    };
    let all = || match logs.iter().filter(is_behind).count() {
        0 => Ok(()),
        count => Err(format!("{count} listeners are behind")),
    };
    let _late = poll_blocking("all listeners", limit, all);
}

/// How late a listener heard a message.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    /// The place of the node at which it was heard, where that is known.
    pub node: Option<usize>,
    /// When the message's commit began, and when it was heard, in microseconds since 1970.
    pub stored: i64,
    pub heard: i64,
}

/// What came out.
#[derive(Default)]
pub struct Verdict {
    pub messages: usize,
    pub receptions: usize,
    pub delays: Vec<Delay>,
    pub wrong: Vec<String>,
}

/// Compares all logs of listeners, and what senders were told, with Postgres.
pub fn judge(
    database: &str,
    logs: &[Log],
    acknowledged: &[Acknowledged],
) -> Result<Verdict, Failure> {
    let mut verdict = Verdict::default();
    let mut conversations: BTreeMap<&str, Vec<&Log>> = BTreeMap::new();
    for log in logs {
        conversations
            .entry(&log.conversation)
            .or_default()
            .push(log);
    }
    for (conversation, logs) in conversations {
        let messages = stored(database, conversation)?;
        let here = |told: &&Acknowledged| told.conversation == conversation;
        let told: Vec<&Acknowledged> = acknowledged.iter().filter(here).collect();
        verdict.messages += messages.len();
        verdict.compare_acknowledged(&messages, &told);
        for log in logs {
            verdict.compare_log(&messages, log);
        }
    }
    Ok(verdict)
}

impl Verdict {
    /// Everything that was acknowledged is stored under its seq, once, and nothing else is.
    fn compare_acknowledged(&mut self, messages: &[Stored], told: &[&Acknowledged]) {
        let by_client_id: HashMap<&str, i64> = messages
            .iter()
            .map(|message| (message.client_id.as_str(), message.seq))
            .collect();
        for told in told {
            let found = by_client_id.get(told.client_id.as_str()).copied();
            if found != i64::try_from(told.seq).ok() {
                let Acknowledged { client_id, seq, .. } = told;
                self.wrong.push(format!(
                    "{client_id} was acknowledged as {seq}, stored is {found:?}"
                ));
            }
        }
        if messages.len() != told.len() {
            self.wrong.push(format!(
                "{} messages are stored, {} were acknowledged",
                messages.len(),
                told.len()
            ));
        }
    }

    /// A listener heard each message after its beginning once, in order.
    fn compare_log(&mut self, messages: &[Stored], log: &Log) {
        let base = i64::try_from(log.base).unwrap_or(i64::MAX);
        let mut expected = messages.iter().filter(|message| message.seq > base);
        self.receptions += log.heard.len();
        for heard in &log.heard {
            let wanted = expected.next();
            let seq = i64::try_from(heard.seq).unwrap_or(i64::MAX);
            match wanted {
                Some(message) if message.seq == seq && message.body == heard.body => {
                    self.delays.push(Delay {
                        node: Some(heard.node),
                        stored: message.at,
                        heard: heard.at,
                    });
                }
                _ => {
                    let wanted = wanted.map(|message| message.seq);
                    let user = &log.user;
                    return self
                        .wrong
                        .push(format!("{user} heard {seq} where {wanted:?} comes next"));
                }
            }
        }
        if let Some(missed) = expected.next() {
            let (user, missing) = (&log.user, 1 + expected.count());
            let seq = missed.seq;
            self.wrong
                .push(format!("{user} never heard {missing} from {seq} on"));
        }
    }
}
