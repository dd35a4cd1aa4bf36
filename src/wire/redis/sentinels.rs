//! Asks sentinels which Redis is the master.

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, cmd};
use std::time::Duration;
use tokio::time::timeout;

use super::session::login;
use super::stream;
use super::tls::Tls;
use super::trouble::{Trouble, Why};
use crate::config::redis::{RedisAccess, RedisAddress, RedisHost};

/// How long a sentinel may take.
const ASKING: Duration = Duration::from_millis(500);

/// Who is asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    name: &'a str,
    access: &'a RedisAccess,
    tls: Option<&'a Tls>,
}

/// The master that most of the sentinels name that answer. One that was cut off from the others may name an old one.
pub(super) async fn master(
    sentinels: &[RedisHost],
    name: &str,
    access: &RedisAccess,
    tls: Option<&Tls>,
) -> Result<RedisHost, Trouble> {
    let asked = Asked { name, access, tls };
    let answers = join_all(sentinels.iter().map(|sentinel| asked.ask(sentinel))).await;
    let (mut masters, mut troubles) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(master) => masters.push(master),
            Err(trouble) => troubles.push(trouble),
        }
    }
    most_frequent(masters).ok_or_else(|| Trouble::all(troubles))
}

/// The one that occurs most; of several, the first.
fn most_frequent(masters: Vec<RedisHost>) -> Option<RedisHost> {
    let count = |master: &RedisHost| masters.iter().filter(|other| *other == master).count();
    let most = masters.iter().map(count).max()?;
    let first = masters.iter().position(|master| count(master) == most)?;
    masters.into_iter().nth(first)
}

impl Asked<'_> {
    async fn ask(self, sentinel: &RedisHost) -> Result<RedisHost, Trouble> {
        let answer = timeout(ASKING, self.ask_without_and_with_login(sentinel)).await;
        let answer = answer.unwrap_or(Err(Why::TimedOut(self.access.encryption)));
        answer.map_err(|why| why.at(sentinel))
    }

    /// The password is the servers'; sentinels often ask for none, and refuse a user that they do not know.
    async fn ask_without_and_with_login(self, sentinel: &RedisHost) -> Result<RedisHost, Why> {
        match (self.ask_as(sentinel, None).await, &self.access.login) {
            (Err(Why::NoLogin), Some(_)) => self.ask_as(sentinel, Some(self.access)).await,
            (answer, _) => answer,
        }
    }

    async fn ask_as(
        self,
        sentinel: &RedisHost,
        access: Option<&RedisAccess>,
    ) -> Result<RedisHost, Why> {
        let stream = stream::open(&RedisAddress::Tcp(sentinel.clone()), self.tls).await?;
        let nobody = || RedisConnectionInfo::default().set_skip_set_lib_name();
        let info = access.map_or_else(nobody, login);
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let begun = MultiplexedConnection::new_with_config(&info, stream, config).await;
        let (mut connection, driver) = begun?;
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(self.name);
        let asking = question.query_async::<Option<(String, u16)>>(&mut connection);
        let answer = tokio::select! {
            answer = asking => answer?,
            () = driver => return Err(Why::Unreadable),
        };
        let unknown = || Why::UnknownName(self.name.to_owned());
        let (name, port) = answer.ok_or_else(unknown)?;
        Ok(RedisHost { name, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_sentinels_are_believed() {
        let host = |port| RedisHost {
            name: "a".to_owned(),
            port,
        };
        let most = |ports: &[u16]| {
            let masters = ports.iter().map(|port| host(*port)).collect();
            most_frequent(masters).map(|master| master.port)
        };
        assert_eq!(most(&[]), None);
        assert_eq!(most(&[1]), Some(1));
        assert_eq!(most(&[1, 2, 2]), Some(2));
        assert_eq!(most(&[1, 2]), Some(1));
    }
}
