//! How often the threads of a program wake up while nobody does anything.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::Result;

use super::family::{Family, name};

/// A thread that ends takes its count along: what it did since the last look is lost.
const BETWEEN_LOOKS_MILLIS: i64 = 5_000;

/// What was counted, by process and thread.
pub struct Wakeups {
    by_thread: BTreeMap<String, u64>,
    seconds: u32,
    /// Threads that ended meanwhile, and so may have woken more often than was seen.
    pub ended: usize,
}

impl Wakeups {
    /// Watches the family for so many seconds.
    pub async fn watch(family: &Family, seconds: u32) -> Result<Self> {
        let begin = SystemClock.monotonic_millis();
        let end = begin + i64::from(seconds) * 1_000;
        let mut watched = Self { by_thread: BTreeMap::new(), seconds, ended: 0 };
        let mut last = look(family)?;
        let mut at = begin;
        while at < end {
            at = (at + BETWEEN_LOOKS_MILLIS).min(end);
            SystemClock.sleep_until(at).await;
            let now = look(family)?;
            watched.add(&last, &now);
            last = now;
        }
        Ok(watched)
    }

    fn add(&mut self, before: &Look, now: &Look) {
        for (id, thread) in now {
            let known = before.get(id).map_or(0, |before| before.slept);
            *self.by_thread.entry(thread.name.clone()).or_default() += thread.slept.saturating_sub(known);
        }
        self.ended += before.keys().filter(|id| !now.contains_key(id)).count();
    }

    pub fn per_minute(&self) -> f64 {
        let all: u64 = self.by_thread.values().sum();
        (all as f64 * 60.0 / f64::from(self.seconds) * 10.0).round() / 10.0
    }

    /// Those that woke most often, such as `WebKitWebProces/Compositor 120`.
    pub fn most(&self, count: usize) -> String {
        let mut threads: Vec<(&String, &u64)> = self.by_thread.iter().filter(|(_, slept)| **slept > 0).collect();
        threads.sort_by_key(|(_, slept)| std::cmp::Reverse(**slept));
        threads.iter().take(count).map(|(name, slept)| format!("{name} {slept}")).collect::<Vec<_>>().join(", ")
    }
}

struct Thread {
    name: String,
    /// How often it went to sleep by itself, which is how often somebody woke it.
    slept: u64,
}

/// By process and thread id.
type Look = HashMap<(i32, String), Thread>;

fn look(family: &Family) -> Result<Look> {
    let mut found = Look::new();
    for process in family.ids()? {
        let Some(program) = name(process) else { continue };
        // Whoever ends meanwhile has no threads any more.
        let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            if let Some((name, slept)) = thread_of(&thread.path()) {
                let id = (process, thread.file_name().to_string_lossy().into_owned());
                found.insert(id, Thread { name: format!("{program}/{name}"), slept });
            }
        }
    }
    Ok(found)
}

fn thread_of(folder: &Path) -> Option<(String, u64)> {
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Some((field("Name:")?.to_owned(), field("voluntary_ctxt_switches:")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_threads_count_from_their_beginning_and_ended_ones_are_told() {
        let thread = |slept| Thread { name: "console/main".to_owned(), slept };
        let id = |thread: &str| (7, thread.to_owned());
        let before = Look::from([(id("7"), thread(100)), (id("8"), thread(5))]);
        let now = Look::from([(id("7"), thread(130)), (id("9"), thread(10))]);
        let mut watched = Wakeups { by_thread: BTreeMap::new(), seconds: 30, ended: 0 };
        watched.add(&before, &now);
        assert!((watched.per_minute() - 80.0).abs() < f64::EPSILON, "{}", watched.per_minute());
        assert_eq!((watched.ended, watched.most(3)), (1, "console/main 40".to_owned()));
    }

    #[test]
    fn a_thread_that_sleeps_is_counted() {
        let id = i32::try_from(std::process::id()).unwrap();
        let own = Family { first: id, marker: "none=".to_owned(), apart: Vec::new() };
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::Builder::new().name("sleeper".to_owned());
        let sleeper = sleeper.spawn(move || {
            for _ in 0..20 {
                let _ = ended.recv_timeout(std::time::Duration::from_millis(2));
            }
            done.send(()).unwrap();
            let _ = ended.recv();
        });
        wait.recv().unwrap();
        let counted = look(&own).unwrap();
        let slept = counted.values().find(|thread| thread.name.ends_with("/sleeper")).map(|thread| thread.slept);
        drop(end);
        sleeper.unwrap().join().unwrap();
        assert!(slept.is_some_and(|slept| slept >= 20), "{slept:?}");
    }
}
