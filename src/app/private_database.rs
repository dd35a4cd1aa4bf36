//! Stoa's private PostgreSQL, used if the configuration names no database.

use localpg::{Cluster, ClusterError};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::config::Config;

/// The name of the cluster, its superuser and its database.
const NAME: &str = "stoa";

/// Starts the cluster in the data folder, or adopts the running one.
pub fn open(data_folder: &Path) -> Result<Cluster, String> {
    Cluster::start(data_folder, NAME).map_err(|error| explain(&error))
}

/// The address of the database while another process runs it.
pub fn running_url(data_folder: &Path) -> Result<String, String> {
    Cluster::url_in(data_folder, NAME).map_err(|error| explain(&error))
}

fn explain(error: &ClusterError) -> String {
    if error.is_about_the_machine() {
        format!("{error}, or set DATABASE_URL to a PostgreSQL of your own")
    } else {
        error.to_string()
    }
}

/// Starts the cluster and watches it, if the configuration names no database.
pub(crate) async fn start(config: &Config) -> Result<Option<Arc<Cluster>>, String> {
    if config.database.database_url.is_some() {
        return Ok(None);
    }
    let folder = config.data_folder();
    let started = tokio::task::spawn_blocking(move || open(&folder)).await;
    let cluster = Arc::new(started.map_err(|error| error.to_string())??);
    actix_rt::spawn(watch(Arc::downgrade(&cluster)));
    Ok(Some(cluster))
}

/// Restarts the database after it died.
async fn watch(cluster: Weak<Cluster>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        let looked = tokio::task::spawn_blocking(move || cluster.ensure_running()).await;
        if let Ok(Err(error)) = looked {
            log::error!(event = "database_not_restarted"; "{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_machine_stands_in_the_way_another_database_is_offered() {
        assert!(explain(&ClusterError::NoBinaries).ends_with(
            "install it (apt-get install postgresql), or set DATABASE_URL to a PostgreSQL of your own"
        ));
        assert!(!explain(&ClusterError::Stopped).contains("DATABASE_URL"));
        assert!(
            running_url(Path::new("/x"))
                .unwrap()
                .starts_with("postgresql://stoa@/stoa?host=%2Fx")
        );
    }
}
