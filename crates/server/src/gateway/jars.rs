//! Where the cookie jars of sessions are kept: here while they are used, and sealed in the database, so that a session goes on
//! at another server or after a restart.
//!
//! What one answer put into a jar the next request must find, wherever it arrives. So the answer goes to the page only when its
//! jar is stored, and tells the page the jar's version in a cookie; a server whose jar is older looks again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use amberglass_domain::ports::Entropy;
use amberglass_wire::{SessionId, UnixMillis};
use http::HeaderValue;

use super::cookie_jar::{CookieJar, SetCookie};
use crate::{
    secrets::ServerKey,
    store::{CookieJarRow, Store, StoreError},
};

const PURPOSE: &str = "cookie-jar";
/// Answers of one page that change its jar at once, at several servers.
const TRIES: u32 = 32;

/// Name of the cookie that says how new a jar has to be; see [`super::cookie_name`].
pub(super) const fn version_name(is_secure: bool) -> &'static str {
    if is_secure { "__Host-amberglass-jar" } else { "amberglass-jar" }
}

/// What was put into a jar is not where the next request would find it.
#[derive(Debug, thiserror::Error)]
pub(super) enum JarError {
    #[error("the session's cookies could not be read or stored")]
    Store(#[from] StoreError),
    #[error("the session's cookies were sealed with another key, or are damaged")]
    Sealed,
    #[error("the session is over, or too much was put into its jar at once")]
    NotKept,
}

#[derive(Clone, Default)]
struct Versioned {
    /// Zero before anything was kept.
    version: i64,
    jar: Arc<CookieJar>,
}

/// The jars of the sessions that are viewed here.
pub(super) struct CookieJars {
    store: Store,
    key: Arc<ServerKey>,
    entropy: Arc<dyn Entropy>,
    /// Of these sessions alone, once their jar was looked at: an answer that comes late brings no session back.
    known: Mutex<HashMap<SessionId, Option<Versioned>>>,
}

impl CookieJars {
    pub fn new(store: Store, key: Arc<ServerKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, key, entropy, known: Mutex::default() }
    }

    /// From here on the session is viewed here, until it is [forgotten](Self::forget).
    pub fn open(&self, session: &SessionId) {
        self.lock().entry(session.clone()).or_default();
    }

    /// The jar, at least as new as the page has seen it. A script can make up a version: that costs a look, and shows nothing
    /// else.
    pub async fn jar(&self, session: &SessionId, seen: i64) -> Result<Arc<CookieJar>, JarError> {
        let known = self.lock().get(session).cloned().flatten();
        match known {
            Some(known) if known.version >= seen => Ok(known.jar),
            Some(_) | None => Ok(self.look(session).await?.jar),
        }
    }

    /// Keeps what an answer to a request for `request_path` has set. Stored when it returns the jar's version.
    pub async fn keep(
        &self,
        session: &SessionId,
        cookies: &[SetCookie],
        request_path: &str,
        now: UnixMillis,
    ) -> Result<i64, JarError> {
        let known = self.lock().get(session).cloned().flatten();
        let mut known = match known {
            Some(known) => known,
            None => self.look(session).await?,
        };
        for _ in 0..TRIES {
            let mut jar = CookieJar::clone(&known.jar);
            for cookie in cookies {
                jar.keep(cookie.clone(), request_path, now);
            }
            if jar == *known.jar {
                return Ok(known.version);
            }
            let version = known.version.saturating_add(1);
            let plain = zeroize::Zeroizing::new(serde_json::to_vec(&jar).map_err(|_| JarError::Sealed)?);
            let sealed = self.key.seal(PURPOSE, &[session.as_str()], &plain, &*self.entropy).ok_or(JarError::Sealed)?;
            let mut tx = self.store.begin().await?;
            if tx.replace_cookie_jar(session, &CookieJarRow { version, sealed }).await? {
                tx.commit().await?;
                self.learn(session, Versioned { version, jar: Arc::new(jar) });
                return Ok(version);
            }
            drop(tx);
            let found = self.look(session).await?;
            if found.version == known.version {
                // Nobody was faster: the session is over.
                break;
            }
            known = found;
        }
        Err(JarError::NotKept)
    }

    /// Of a session that is not viewed here any more. What is stored goes with the session's end.
    pub fn forget(&self, session: &SessionId) {
        self.lock().remove(session);
    }

    async fn look(&self, session: &SessionId) -> Result<Versioned, JarError> {
        let stored = match self.store.cookie_jar(session).await? {
            Some(CookieJarRow { version, sealed }) => {
                let plain = self.key.open(PURPOSE, &[session.as_str()], &sealed).ok_or(JarError::Sealed)?;
                let jar = serde_json::from_slice(&plain).map_err(|_| JarError::Sealed)?;
                Versioned { version, jar: Arc::new(jar) }
            }
            None => Versioned::default(),
        };
        self.learn(session, stored.clone());
        Ok(stored)
    }

    /// Two looks may end in either order, and after the session.
    fn learn(&self, session: &SessionId, found: Versioned) {
        if let Some(known) = self.lock().get_mut(session)
            && known.as_ref().is_none_or(|known| found.version >= known.version)
        {
            *known = Some(found);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Option<Versioned>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How new the page has seen its jar.
pub(super) fn seen<'a>(cookies: impl Iterator<Item = (&'a str, &'a str)>, is_secure: bool) -> i64 {
    cookies
        .filter(|(name, _)| *name == version_name(is_secure))
        .filter_map(|(_, value)| value.parse().ok())
        .max()
        .unwrap_or(0)
}

/// For the page, beside what changed the jar.
pub(super) fn version_line(version: i64, is_secure: bool) -> Option<HeaderValue> {
    let secure = if is_secure { "; Secure" } else { "" };
    let name = version_name(is_secure);
    HeaderValue::try_from(format!("{name}={version}; Path=/; HttpOnly; SameSite=Strict{secure}")).ok()
}

#[cfg(test)]
mod tests {
    use amberglass_testkit::SeededEntropy;

    use super::*;

    /// Sessions of which the database knows nothing are as good as over.
    #[tokio::test]
    async fn what_comes_after_a_sessions_end_leaves_nothing_of_its_jar() {
        const NOW: UnixMillis = UnixMillis(1_767_603_600_000);
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", dir.path().join("jars.db").display()).into()).await.unwrap();
        let entropy = Arc::new(SeededEntropy::new(1));
        let key = Arc::new(ServerKey::load_or_create(dir.path(), &*entropy).unwrap());
        let jars = CookieJars::new(store.clone(), key, entropy);
        let session = SessionId::new("over");
        let set = SetCookie::parse("sid=secret; HttpOnly; Path=/", NOW).unwrap();

        jars.open(&session);
        jars.jar(&session, 0).await.unwrap();
        assert!(jars.lock()[&session].is_some(), "while it is viewed it is looked at once");
        jars.forget(&session);
        // An answer that was on its way, a request that had passed before, and a write that was sent.
        let kept = jars.keep(&session, std::slice::from_ref(&set), "/", NOW).await;
        assert!(matches!(kept, Err(JarError::NotKept)), "{kept:?}");
        jars.jar(&session, 0).await.unwrap();
        jars.jar(&session, i64::MAX).await.unwrap();
        jars.learn(&session, Versioned { version: 7, jar: Arc::default() });
        assert!(jars.lock().is_empty());
        store.close().await;
    }
}
