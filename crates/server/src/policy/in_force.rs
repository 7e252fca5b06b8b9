//! The policy in force, and the files that it came from: looked at while the server runs, put in force when they have changed
//! and are understood.

use std::sync::{Arc, PoisonError, RwLock};

use super::{Policy, PolicyError, Texts};
use crate::config::PolicyFiles;

/// Shared by all requests. Each of them takes one policy and stays with it.
#[derive(Debug)]
pub struct PolicyInForce {
    files: PolicyFiles,
    current: RwLock<Arc<Policy>>,
    /// Hash of texts that were refused: what is wrong with them has been said.
    refused: RwLock<Option<String>>,
}

/// What a look at the files found.
#[derive(Debug)]
pub enum Reload {
    /// The same as in force, or what was refused before.
    Nothing,
    /// It can be [put](PolicyInForce::put) in force, once that is on record.
    Changed(Arc<Policy>),
    /// What was in force stays so. `hash` names the texts that were refused; nothing where they can't be read.
    Refused { hash: Option<String>, error: PolicyError },
}

impl PolicyInForce {
    /// # Errors
    /// When the files cannot be read, are not understood, or do not fit the schema.
    pub fn load(files: &PolicyFiles) -> Result<Self, PolicyError> {
        let policy = Policy::load(files)?;
        Ok(Self { files: files.clone(), current: RwLock::new(Arc::new(policy)), refused: RwLock::default() })
    }

    pub fn now(&self) -> Arc<Policy> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn put(&self, policy: Arc<Policy>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// Reads the files again.
    pub fn look(&self) -> Reload {
        let texts = match Texts::read(&self.files) {
            Ok(texts) => texts,
            Err(error) => return self.refuse(None, error),
        };
        let hash = texts.hash();
        if hash == self.now().hash() {
            self.forget_refused();
            return Reload::Nothing;
        }
        match Policy::parse(&texts) {
            Ok(policy) => {
                self.forget_refused();
                Reload::Changed(Arc::new(policy))
            }
            Err(error) => self.refuse(Some(hash), error),
        }
    }

    /// To be called where that something was refused could not be put on record: the next look finds it again.
    pub fn forget_refused(&self) {
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn refuse(&self, hash: Option<String>, error: PolicyError) -> Reload {
        let said = hash.clone().unwrap_or_else(|| error.to_string());
        let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref() == Some(&said) {
            return Reload::Nothing;
        }
        *refused = Some(said);
        Reload::Refused { hash, error }
    }
}
