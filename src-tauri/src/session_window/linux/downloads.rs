//! What the engine wants to save: refused, unless the gateway has marked it. A marked file comes into the folder of this run, which
//! the next run empties if this one is killed, and goes from there to its person once it is whole.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::{Path, PathBuf},
    rc::{Rc, Weak},
    sync::atomic::{AtomicU64, Ordering},
};

use amberglass_app::{host::HostEvent, kept_file};
use amberglass_domain::navigation::Verdict;
use amberglass_wire::audit::Attempt;
use gtk::prelude::*;
use webkit2gtk::{
    Download, DownloadExt as _, PolicyDecisionExt as _, PolicyDecisionType, ResponsePolicyDecision,
    ResponsePolicyDecisionExt as _, URIResponse, URIResponseExt as _, WebContextExt as _, WebView, WebViewExt as _,
};

use crate::session_window::{WindowError, portal::Lock};

/// Only the gateway says it, of a file that is on record; it takes it off whatever a portal says.
const MARK: &str = "Amberglass-Download";
/// A page may ask without anybody having pressed anything.
const MAX_FILES: u32 = 50;
/// Where the engine keeps what has not come yet.
const ENGINES_ENDING: &str = ".wkdownload";

/// Of one session, also over several web processes.
pub struct Downloads {
    lock: Lock,
    /// Where files come, and where they go.
    run_dir: PathBuf,
    folder: PathBuf,
    begun: Cell<u32>,
    /// What the gateway has marked, and the engine has not begun to save.
    marked: RefCell<Vec<Marked>>,
    coming: RefCell<Vec<Coming>>,
    running: RefCell<Vec<Download>>,
}

/// An answer that may be saved.
struct Marked {
    address: String,
    bytes: u64,
}

/// A file on its way.
struct Coming {
    path: PathBuf,
    bytes: u64,
    /// By the portal.
    suggested: String,
}

impl Downloads {
    pub fn new(lock: &Lock, run_dir: &Path, downloads_dir: &Path, session_code: &str) -> Rc<Self> {
        Rc::new(Self {
            lock: lock.clone(),
            run_dir: run_dir.to_owned(),
            folder: kept_file::folder_of(downloads_dir, session_code),
            begun: Cell::default(),
            marked: RefCell::default(),
            coming: RefCell::default(),
            running: RefCell::default(),
        })
    }

    /// Whether the engine may save what is at this address, and where: `path` is what it would choose itself.
    pub fn decider(self: &Rc<Self>) -> impl FnMut(String, &mut PathBuf) -> bool + 'static {
        let downloads = Rc::downgrade(self);
        // Without one the window is going.
        move |address, path| downloads.upgrade().is_some_and(|downloads| downloads.decide(&address, path))
    }

    /// Sees which answers are marked, and what becomes of them. To be called before anything is loaded.
    ///
    /// # Errors
    /// When there is nothing that could be watched.
    pub fn watch(self: &Rc<Self>, view: &WebView) -> Result<(), WindowError> {
        let context = view.context().ok_or(WindowError::NoContext)?;
        let downloads = Rc::downgrade(self);
        view.connect_decide_policy(move |_, decision, kind| {
            let answer = decision.dynamic_cast_ref::<ResponsePolicyDecision>().and_then(|decision| decision.response());
            let Some(answer) = answer.filter(|_| kind == PolicyDecisionType::Response) else { return false };
            let Some(downloads) = downloads.upgrade() else { return false };
            let Some(marked) = mark_of(&answer, &downloads.lock) else { return false };
            downloads.marked.borrow_mut().push(marked);
            decision.download();
            true
        });
        let downloads = Rc::downgrade(self);
        context.connect_download_started(move |_, download| follow(&downloads, download));
        Ok(())
    }

    /// Whatever is under way comes no further. The engine may go before it says so.
    pub fn stop(&self) {
        for download in self.running.take() {
            download.cancel();
        }
        for coming in self.coming.take() {
            remove(&coming.path);
        }
    }

    fn decide(&self, address: &str, path: &mut PathBuf) -> bool {
        /// Of all sessions of this run.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let begun = self.begun.get().saturating_add(1);
        let Some(Marked { bytes, .. }) = self.take(address).filter(|_| begun <= MAX_FILES) else {
            self.lock.refuse(Attempt::Download, Some(address));
            return false;
        };
        self.begun.set(begun);
        let suggested = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        *path = self.run_dir.join(format!("file-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        self.coming.borrow_mut().push(Coming { path: path.clone(), bytes, suggested });
        true
    }

    /// Each mark stands for one file.
    fn take(&self, address: &str) -> Option<Marked> {
        let mut marked = self.marked.borrow_mut();
        let place = marked.iter().position(|one| one.address == address)?;
        Some(marked.swap_remove(place))
    }

    /// What was coming by this download; nothing where it was refused.
    fn come(&self, download: &Download) -> Option<Coming> {
        self.running.borrow_mut().retain(|one| one != download);
        let destination = download.destination()?;
        let mut coming = self.coming.borrow_mut();
        let place = coming.iter().position(|one| one.path.to_string_lossy() == destination.as_str())?;
        Some(coming.swap_remove(place))
    }

    fn ended(&self, download: &Download, is_whole: bool) {
        let Some(Coming { path, bytes, suggested }) = self.come(download) else { return };
        let (sink, session, folder) = (self.lock.sink.clone(), self.lock.session.clone(), self.folder.clone());
        // A connection that breaks off is the end of a file to the engine.
        let has_come = fs::metadata(&path).map_or(0, |file| file.len());
        if !is_whole || has_come != bytes {
            tracing::warn!(bytes, has_come, "a file did not come whole");
            remove(&path);
            return sink(HostEvent::FileNotKept { session });
        }
        // The folder may lie on a slow disk.
        tauri::async_runtime::spawn_blocking(move || {
            sink(match kept_file::keep(&path, &folder, &suggested) {
                Ok(file) => HostEvent::FileKept { session, file },
                Err(error) => {
                    tracing::error!(%error, "a file that came whole could not be kept");
                    HostEvent::FileNotKept { session }
                }
            });
        });
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        self.stop();
    }
}

fn follow(downloads: &Weak<Downloads>, download: &Download) {
    // The window is going.
    let Some(all) = downloads.upgrade() else { return download.cancel() };
    all.running.borrow_mut().push(download.clone());
    let is_whole = Rc::new(Cell::new(true));
    let failed = Rc::clone(&is_whole);
    download.connect_failed(move |_, error| {
        tracing::warn!(%error, "a file did not come");
        failed.set(false);
    });
    // Also after it has failed.
    let downloads = downloads.clone();
    download.connect_finished(move |download| {
        if let Some(downloads) = downloads.upgrade() {
            downloads.ended(download, is_whole.get());
        }
    });
}

/// An answer that says so itself, and came from the session's own gateway: neither can a page make up. The engine shows
/// heads here, before it decides what to do with an answer.
fn mark_of(answer: &URIResponse, lock: &Lock) -> Option<Marked> {
    let address = answer.uri()?;
    let is_ours = !address.starts_with("about:") && lock.origin.judge(&address) == Verdict::Allowed;
    let is_marked = is_ours && answer.http_headers().is_some_and(|headers| headers.one(MARK).is_some());
    is_marked.then(|| Marked { address: address.to_string(), bytes: answer.content_length() })
}

fn remove(path: &Path) {
    let mut half = path.as_os_str().to_owned();
    half.push(ENGINES_ENDING);
    for path in [path, Path::new(&half)] {
        if let Err(error) = fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "half a file could not be removed");
        }
    }
}
