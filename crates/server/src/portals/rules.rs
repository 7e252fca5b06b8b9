//! The rules of each portal that are in force, and the files that they came from: looked at while the server runs, put in force
//! when they have changed and are understood.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use amberglass_domain::read_only::{MAX_RULES_BYTES, PortalRules, RulesError};
use amberglass_wire::PortalId;

use crate::{config::PortalConfig, secrets::sha256_hex};

/// Why rules are not put in force.
#[derive(Debug, thiserror::Error)]
pub enum RulesFileError {
    #[error("the rules in {path} can't be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the rules in {path} are not understood")]
    Refused {
        path: PathBuf,
        #[source]
        source: RulesError,
    },
}

/// Rules as they were read, with what stands for them on record.
#[derive(Debug, Default)]
pub struct Rules {
    pub rules: PortalRules,
    /// SHA-256 of the text, hex; nothing for a portal without a file.
    pub hash: Option<String>,
}

impl Rules {
    /// # Errors
    /// When the file can't be read or is not understood.
    pub fn load(path: &Path) -> Result<Self, RulesFileError> {
        let text = read(path)?;
        parse(path, &text)
    }

    /// Ids of the rules that take something off the built-in never-list.
    pub fn overrides(&self) -> Vec<String> {
        self.rules.never_overrides.iter().map(|lifted| lifted.rule.id.to_string()).collect()
    }
}

/// What a look at one portal's file found.
#[derive(Debug)]
pub enum Look {
    /// The same as in force, or what was refused before.
    Nothing,
    /// It can be [put](RulesInForce::put) in force, once that is on record.
    Changed(Arc<Rules>),
    /// What was in force stays so. `hash` names the text that was refused; nothing where it can't be read.
    Refused { hash: Option<String>, error: RulesFileError },
}

#[derive(Debug)]
struct OfPortal {
    path: Option<PathBuf>,
    current: RwLock<Arc<Rules>>,
    /// What was refused and said before.
    refused: RwLock<Option<String>>,
    /// What the last look found where it was something else: a file may be read while it is being written.
    seen: Mutex<Option<String>>,
}

/// Shared by all requests. Each of them takes one portal's rules and stays with them.
#[derive(Debug)]
pub struct RulesInForce(BTreeMap<PortalId, OfPortal>);

impl RulesInForce {
    /// # Errors
    /// When a file can't be read or is not understood: a server does not start with other rules than it was told.
    pub fn load(portals: &[PortalConfig]) -> Result<Self, RulesFileError> {
        let of_portal = |portal: &PortalConfig| {
            let rules = portal.rules.as_deref().map(Rules::load).transpose()?.unwrap_or_default();
            let current = RwLock::new(Arc::new(rules));
            Ok((
                portal.id.clone(),
                OfPortal { path: portal.rules.clone(), current, refused: RwLock::default(), seen: Mutex::default() },
            ))
        };
        portals.iter().map(of_portal).collect::<Result<_, _>>().map(Self)
    }

    /// Those of a portal that is not configured are empty.
    pub fn now(&self, portal: &PortalId) -> Arc<Rules> {
        let Some(of_portal) = self.0.get(portal) else { return Arc::default() };
        of_portal.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn portals(&self) -> impl Iterator<Item = &PortalId> {
        self.0.keys()
    }

    pub fn put(&self, portal: &PortalId, rules: Arc<Rules>) {
        if let Some(of_portal) = self.0.get(portal) {
            *of_portal.current.write().unwrap_or_else(PoisonError::into_inner) = rules;
        }
    }

    /// Reads one portal's file again. What is found twice in a row counts.
    pub fn look(&self, portal: &PortalId) -> Look {
        let Some(of_portal) = self.0.get(portal) else { return Look::Nothing };
        let Some(path) = &of_portal.path else { return Look::Nothing };
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if of_portal.is_settled(None) => return of_portal.refuse(None, error),
            Err(_) => return Look::Nothing,
        };
        let hash = sha256_hex(text.as_bytes());
        if self.now(portal).hash.as_ref() == Some(&hash) {
            of_portal.forget_refused();
            return Look::Nothing;
        }
        if !of_portal.is_settled(Some(&hash)) {
            return Look::Nothing;
        }
        match parse(path, &text) {
            Ok(rules) => {
                of_portal.forget_refused();
                Look::Changed(Arc::new(rules))
            }
            Err(error) => of_portal.refuse(Some(hash), error),
        }
    }

    /// To be called where that something was refused could not be put on record: the next look finds it again.
    pub fn forget_refused(&self, portal: &PortalId) {
        if let Some(of_portal) = self.0.get(portal) {
            of_portal.forget_refused();
        }
    }
}

impl OfPortal {
    /// The same was found by the look before.
    fn is_settled(&self, hash: Option<&str>) -> bool {
        let found = hash.unwrap_or_default().to_owned();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.replace(found.clone()).is_some_and(|before| before == found)
    }

    fn forget_refused(&self) {
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn refuse(&self, hash: Option<String>, error: RulesFileError) -> Look {
        let said = hash.clone().unwrap_or_else(|| error.to_string());
        let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref() == Some(&said) {
            return Look::Nothing;
        }
        *refused = Some(said);
        Look::Refused { hash, error }
    }
}

/// No more of it than a file of rules may have, with a byte that tells that there is more.
fn read(path: &Path) -> Result<String, RulesFileError> {
    use std::io::Read as _;
    let most = u64::try_from(MAX_RULES_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_string(&mut text))
        .map_err(|source| RulesFileError::Unreadable { path: path.to_owned(), source })?;
    Ok(text)
}

fn parse(path: &Path, text: &str) -> Result<Rules, RulesFileError> {
    let rules = PortalRules::parse(text).map_err(|source| RulesFileError::Refused { path: path.to_owned(), source })?;
    Ok(Rules { rules, hash: Some(sha256_hex(text.as_bytes())) })
}
