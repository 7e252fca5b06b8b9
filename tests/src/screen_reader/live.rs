//! What a screen reader says without being asked: words that come into a live region of a page.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use amberglass_testkit::wait_until_telling;
use anyhow::Result;
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use zbus::{
    Connection, MatchRule, Message, MessageStream, Proxy,
    message::Type,
    zvariant::{OwnedObjectPath, as_value},
};

use super::{ACCESSIBLE, ScreenReader, proxy, text};

/// What WebKitGTK tells of a live region. It tells of no text that changes in one, which no screen reader hears of then.
const EVENT: &str = "object:children-changed:add";
const MEMBER: &str = "ChildrenChanged";
const EVENTS_OF_OBJECTS: &str = "org.a11y.atspi.Event.Object";
const MANY: usize = 4096;

type Place = (String, OwnedObjectPath);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub words: String,
    /// Such as `assertive`, at once, or `polite`, after what is being read.
    pub live: String,
    /// Such as `status`.
    pub role: String,
}

/// Listens until it is dropped.
pub struct LiveRegions {
    told: Arc<Mutex<Vec<Told>>>,
    listening: JoinHandle<()>,
}

impl Drop for LiveRegions {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl ScreenReader {
    /// Programs tell of what happens once somebody has asked for it: from now on.
    pub async fn listen(&self) -> Result<LiveRegions> {
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(EVENTS_OF_OBJECTS)?.member(MEMBER)?.build();
        let mut events = MessageStream::for_match_rule(rule, &self.bus, Some(MANY)).await?;
        let registry = "org.a11y.atspi.Registry";
        let asked = Proxy::new(&self.bus, registry, "/org/a11y/atspi/registry", registry).await?;
        asked.call_method("RegisterEvent", &(EVENT,)).await?;
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let (bus, kept) = (self.bus.clone(), told.clone());
        let listening = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let Ok(event) = event else { continue };
                // What goes while it is asked was not heard.
                if let Ok(Some(heard)) = told_by(&bus, &event).await {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
                }
            }
        });
        Ok(LiveRegions { told, listening })
    }
}

impl LiveRegions {
    /// Waits until this has been said.
    pub async fn hear(&self, words: &str, limit: Duration) -> Told {
        let said = || async { self.all().into_iter().find(|told| told.words == words) };
        wait_until_telling(&format!("a screen reader to say \"{words}\""), limit, said, || format!("{:#?}", self.all()))
            .await
    }

    /// In the order in which it was said.
    pub fn all(&self) -> Vec<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// None unless something came into a live region.
async fn told_by(bus: &Connection, event: &Message) -> Result<Option<Told>> {
    let body = event.body();
    let (what, _, _, added, _): (&str, i32, i32, as_value::Deserialize<'_, Place>, Place) = body.deserialize()?;
    let header = event.header();
    let (Some(owner), Some(region)) = (header.sender(), header.path()) else { return Ok(None) };
    if !what.starts_with("add") {
        return Ok(None);
    }
    let region = proxy(bus, owner, region, ACCESSIBLE).await?;
    let attributes: HashMap<String, String> = region.call("GetAttributes", &()).await?;
    let of = |name: &str| attributes.get(name).cloned().unwrap_or_default();
    let live = of("container-live");
    if !matches!(live.as_str(), "assertive" | "polite") {
        return Ok(None);
    }
    let (owner, path) = added.0;
    Ok(Some(Told { words: text(bus, &owner, path.as_str()).await?, live, role: of("computed-role") }))
}
