//! What the journal is told by the server and by time: whose checkpoints to believe, to whom to seal its key, which key to
//! use from now on, and what it need not keep any longer.

use std::path::PathBuf;

use amberglass_domain::{
    ports::{KeychainEntry, KeychainError},
    recovery::RecoveryKey,
};
use amberglass_journal::{
    Journal, JournalError, JournalKey, JournalOptions, Opened, Replaced, open_or_replace, replace,
};
use amberglass_wire::audit::JournalLoss;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    controller::{Actor, Ports},
    device::Device,
    input::Reply,
    view::ReplacedView,
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// A key of the bodies is used for so long.
const KEY_DAYS: i64 = 30;
/// What a server that does not say it yet means.
const CONTENTS_DAYS: u32 = 7;
const KEEP_DAYS: u32 = 30;

/// What the server has said, and when the journal was last tidied.
#[derive(Default)]
pub(crate) struct Keeping {
    signers: Vec<String>,
    recovery: Option<RecoveryKey>,
    /// The open journal knows it.
    told: bool,
    /// Monotonic.
    tidied_at: Option<i64>,
    /// What became of the journal before, until somebody has read it.
    pub replaced: Option<Replaced>,
}

impl Keeping {
    pub fn replaced_view(&self) -> Option<ReplacedView> {
        let Replaced { cause, aside } = self.replaced.as_ref()?;
        Some(ReplacedView { cause: *cause, file: aside.as_ref().map(|file| file.display().to_string()) })
    }
}

impl Actor {
    pub fn keep_from_snapshot(&mut self, signers: Vec<String>, recovery_key: Option<&str>) {
        let recovery = recovery_key.and_then(|text| {
            RecoveryKey::parse(text).inspect_err(|error| tracing::warn!(%error, "the server's recovery key")).ok()
        });
        if self.keeping.signers != signers || self.keeping.recovery != recovery {
            self.keeping.told = false;
        }
        self.keeping.signers = signers;
        // A server that has none any more does not undo what is sealed.
        self.keeping.recovery = recovery.or(self.keeping.recovery.take());
        self.keep_journal();
    }

    /// A journal that was opened anew has to be told again.
    pub fn keep_opened_journal(&mut self) {
        self.keeping.told = false;
        self.keep_journal();
    }

    fn keep_journal(&mut self) {
        let Some(opened) = self.journal.open() else { return };
        let journal = opened.journal.clone();
        let now = self.now();
        let tell = !std::mem::replace(&mut self.keeping.told, true);
        let is_due = self.keeping.tidied_at.is_none_or(|at| now.saturating_sub(at) >= DAY_MILLIS);
        // Before the first snapshot the server's limits are not known.
        let tidy = is_due && !self.keeping.signers.is_empty();
        if tidy {
            self.keeping.tidied_at = Some(now);
        }
        if !tell && !tidy {
            return;
        }
        let Keeping { signers, recovery, .. } = &self.keeping;
        let (signers, recovery, wall) = (signers.clone(), recovery.clone(), self.ports.clock.now());
        let days =
            |days: u32, default: u32| DAY_MILLIS.saturating_mul(i64::from(if days == 0 { default } else { days }));
        let contents = wall.plus_millis(days(self.limits.journal_contents_days, CONTENTS_DAYS).saturating_neg());
        let whole = wall.plus_millis(days(self.limits.journal_keep_days, KEEP_DAYS).saturating_neg());
        self.spawn(async move {
            let kept = async {
                if tell {
                    journal.trust(signers).await?;
                    if let Some(recovery) = recovery {
                        journal.seal_to(recovery).await?;
                    }
                }
                if tidy {
                    let tidied = journal.tidy(contents, whole).await?;
                    tracing::info!(?tidied, "the journal was tidied");
                }
                Ok::<(), JournalError>(())
            };
            if let Err(error) = kept.await {
                tracing::error!(%error, "the journal could not be kept in order");
            }
            Reply::Done
        });
    }
}

/// Opens the device's journal with what the key store knows of it, and puts aside what can't go on.
///
/// # Errors
/// The journal's, or the key store's.
pub(crate) async fn open_device_journal(
    ports: &Ports,
    device: &Device,
    key: &SecretString,
    file: PathBuf,
    replaces: Option<JournalLoss>,
) -> Result<(Opened, SecretString), KeepingError> {
    let keychain = ports.keychain.as_ref();
    let next = keychain.read(KeychainEntry::NextJournalKey).await?;
    let chain = keychain.read(KeychainEntry::JournalChain).await?.and_then(|text| text.expose_secret().parse().ok());
    let texts: Vec<SecretString> = std::iter::once(key.clone()).chain(next).collect();
    let options = JournalOptions {
        device: device.id.clone(),
        keys: texts.iter().map(JournalKey::from_secret_text).collect::<Result<_, _>>()?,
        client: ports.client.clone(),
        clock: ports.clock.clone(),
        entropy: ports.entropy.clone(),
    };
    let opened = match replaces {
        Some(cause) => replace(&file, options, cause, chain).await?,
        None => open_or_replace(&file, options, chain).await?,
    };
    let journal = &opened.journal;
    if chain != Some(journal.chain_number()) {
        let number = SecretString::from(journal.chain_number().to_string());
        keychain.write(KeychainEntry::JournalChain, number).await?;
    }
    let mut newest = texts.get(journal.opened_with_key()).unwrap_or(key).clone();
    if texts.len() > 1 {
        // A change of keys was cut short; the file says which one it has.
        keychain.write(KeychainEntry::JournalKey, newest.clone()).await?;
        keychain.remove(KeychainEntry::NextJournalKey).await?;
    }
    if ports.clock.now().since(journal.key_created_at()) >= KEY_DAYS.saturating_mul(DAY_MILLIS) {
        newest = change_key(ports, journal).await?;
    }
    if let Some(Replaced { cause, aside }) = &opened.replaced {
        tracing::error!(?cause, ?aside, "a new journal was begun");
    }
    Ok((opened, newest))
}

/// In the key store before it is in use, and in its right place after.
async fn change_key(ports: &Ports, journal: &Journal) -> Result<SecretString, KeepingError> {
    let key = JournalKey::generate(ports.entropy.as_ref());
    let text = key.to_secret_text();
    ports.keychain.write(KeychainEntry::NextJournalKey, text.clone()).await?;
    journal.rotate_key(key).await?;
    ports.keychain.write(KeychainEntry::JournalKey, text.clone()).await?;
    ports.keychain.remove(KeychainEntry::NextJournalKey).await?;
    Ok(text)
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepingError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Keychain(#[from] KeychainError),
}
