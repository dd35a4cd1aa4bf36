//! The flow definitions that this server knows: those in its files, and those that running deals are pinned to.

use dashmap::DashMap;
use diesel::pg::PgConnection;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::flows::{self, Stored};
use crate::store::pool::Pool;
use flow::Problem;
use flow::definition::Definition;

/// The file names and texts of the flows that ship with Stoa.
const SHIPPED: [(&str, &str); 3] = [
    ("bid.toml", include_str!("../../flows/bid.toml")),
    ("campaign.toml", include_str!("../../flows/campaign.toml")),
    (
        "negotiation.toml",
        include_str!("../../flows/negotiation.toml"),
    ),
];

/// Definitions by name and version.
pub struct Catalogue {
    all: DashMap<(String, i64), Arc<Definition>>,
    /// The definitions for new deals: the newest version of each name among the files.
    current: BTreeMap<String, Arc<Definition>>,
    gateway: Option<&'static str>,
}

impl Catalogue {
    /// Checks the files of a folder (or the shipped flows if none is given) and stores them in the database.
    /// The error lists every problem, ready to print.
    pub fn open(
        pool: &Pool,
        folder: Option<&Path>,
        gateway: Option<&'static str>,
    ) -> Result<Self, String> {
        let mut catalogue = Self {
            all: DashMap::new(),
            current: BTreeMap::new(),
            gateway,
        };
        let mut connection = pool.dedicated().map_err(|error| error.to_string())?;
        for (file, source) in sources(folder)? {
            let definition = Definition::parse(&source);
            let definition = definition.map_err(|problems| told(&file, &problems))?;
            for warning in definition.warnings() {
                log::warn!(event = "flow_warning", file = file; "{warning}");
            }
            let (name, version) = (definition.name.clone(), definition.version);
            let kept = flows::keep(&mut connection, &name, version, &source);
            match kept.map_err(|error| error.to_string())? {
                Stored::Same => catalogue.add_current(definition),
                Stored::Different => {
                    return Err(format!(
                        "{file}: version {version} of the flow {name} is in the database with another text, and deals may run by it. Raise `version`."
                    ));
                }
            }
        }
        Ok(catalogue)
    }

    fn add_current(&mut self, definition: Definition) {
        let definition = Arc::new(definition);
        let key = (definition.name.clone(), definition.version);
        let newer = self
            .current
            .get(&key.0)
            .is_none_or(|known| known.version < definition.version);
        if newer {
            self.current.insert(key.0.clone(), Arc::clone(&definition));
        }
        self.all.insert(key, definition);
    }

    /// A definition of any version. Reads it from the database if another server or an earlier run stored it.
    pub fn of(
        &self,
        connection: &mut PgConnection,
        name: &str,
        version: i64,
    ) -> Result<Arc<Definition>, Error> {
        let key = (name.to_owned(), version);
        if let Some(known) = self.all.get(&key) {
            return Ok(Arc::clone(&known));
        }
        let source = flows::source(connection, name, version)?;
        let source = source.ok_or_else(|| Refusal::DefinitionNotFound(name.to_owned()))?;
        let definition = Definition::parse_stored(&source);
        let definition = definition
            .map_err(|problems| Error::internal(told(&format!("{name} {version}"), &problems)))?;
        let definition = Arc::new(definition);
        self.all.insert(key, Arc::clone(&definition));
        Ok(definition)
    }

    /// The definition for new deals of this flow.
    pub fn current(&self, name: &str) -> Option<Arc<Definition>> {
        self.current.get(name).cloned()
    }

    /// All definitions for new deals, by name.
    pub fn all_current(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.current.values()
    }

    /// The name of the gateway that creates orders, if one is configured.
    pub fn gateway(&self) -> Option<&'static str> {
        self.gateway
    }
}

/// Checks the files of a folder, or nothing if none is given. The error lists the problems of the first file that has some.
pub fn check(folder: Option<&Path>) -> Result<(), String> {
    if folder.is_none() {
        return Ok(());
    }
    for (file, source) in sources(folder)? {
        Definition::parse(&source).map_err(|problems| told(&file, &problems))?;
    }
    Ok(())
}

fn sources(folder: Option<&Path>) -> Result<Vec<(String, String)>, String> {
    let Some(folder) = folder else {
        let shipped = SHIPPED.iter();
        return Ok(shipped
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
            .collect());
    };
    let explain = |error: std::io::Error| format!("--flows {}: {error}", folder.display());
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(explain)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(explain)?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    if files.is_empty() {
        return Err(format!(
            "--flows {}: there is no flow file (*.toml) in this folder. Leave out --flows to have the flows that ship with Stoa.",
            folder.display()
        ));
    }
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path);
        text.map(|text| (path.display().to_string(), text))
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    files.iter().map(read).collect()
}

fn told(file: &str, problems: &[Problem]) -> String {
    let told = problems.iter().map(|problem| format!("{file}:{problem}"));
    told.collect::<Vec<String>>().join("\n")
}
