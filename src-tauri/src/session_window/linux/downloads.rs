//! What the engine wants to save: refused, unless the gateway has marked it. A marked file comes into the folder of this run, which
//! the next run empties if this one is killed, and goes from there to its person once it is whole.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use amberglass_app::{host::HostEvent, kept_file};
use amberglass_domain::navigation::Verdict;
use amberglass_wire::audit::Attempt;
use gtk::prelude::*;
use webkit2gtk::{
    Download, DownloadExt as _, PolicyDecisionExt as _, PolicyDecisionType, ResponsePolicyDecision,
    ResponsePolicyDecisionExt as _, URIRequestExt as _, URIResponse, URIResponseExt as _, WebContextExt as _, WebView,
    WebViewExt as _,
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
    /// Where files come, and where they go.
    run_dir: PathBuf,
    folder: PathBuf,
    begun: Cell<u32>,
    /// With the place where each comes.
    running: RefCell<Vec<(Download, PathBuf)>>,
    /// Addresses whose answers the gateway has marked, and which the engine has not begun to save.
    marked: RefCell<Vec<String>>,
}

impl Downloads {
    pub fn new(run_dir: &Path, downloads_dir: &Path, session_code: &str) -> Rc<Self> {
        Rc::new(Self {
            run_dir: run_dir.to_owned(),
            folder: kept_file::folder_of(downloads_dir, session_code),
            begun: Cell::default(),
            running: RefCell::default(),
            marked: RefCell::default(),
        })
    }

    /// To be called before anything is loaded: what nobody decides about, the engine saves.
    ///
    /// # Errors
    /// When there is nothing that could be watched.
    pub fn watch(self: &Rc<Self>, view: &WebView, lock: &Lock) -> Result<(), WindowError> {
        let context = view.context().ok_or(WindowError::NoContext)?;
        let (downloads, told) = (Rc::downgrade(self), lock.clone());
        view.connect_decide_policy(move |_, decision, kind| {
            let answer = decision.dynamic_cast_ref::<ResponsePolicyDecision>().and_then(|decision| decision.response());
            let Some(answer) = answer.filter(|_| kind == PolicyDecisionType::Response) else { return false };
            let (Some(address), Some(downloads)) = (mark_of(&answer, &told), downloads.upgrade()) else { return false };
            downloads.marked.borrow_mut().push(address);
            decision.download();
            true
        });
        let (downloads, lock) = (Rc::downgrade(self), lock.clone());
        context.connect_download_started(move |_, download| match downloads.upgrade() {
            Some(downloads) => downloads.judge(download, &lock),
            // The window is going.
            None => download.cancel(),
        });
        Ok(())
    }

    /// Whatever is under way comes no further. The engine may go before it says so.
    pub fn stop(&self) {
        for (download, path) in self.running.take() {
            download.cancel();
            remove(&path);
        }
    }

    fn judge(self: &Rc<Self>, download: &Download, lock: &Lock) {
        // Where it comes, and what the portal calls it.
        let coming: Rc<RefCell<Option<(PathBuf, String)>>> = Rc::default();
        let (downloads, told, begun) = (Rc::downgrade(self), lock.clone(), Rc::clone(&coming));
        download.connect_decide_destination(move |download, suggested| {
            let address = download.request().and_then(|request| request.uri()).unwrap_or_default();
            let path = downloads.upgrade().filter(|all| all.takes(&address)).and_then(|all| all.begin(download));
            match path {
                Some(path) => {
                    download.set_allow_overwrite(false);
                    download.set_destination(&path.to_string_lossy());
                    begun.replace(Some((path, suggested.to_owned())));
                }
                None => {
                    told.refuse(Attempt::Download, Some(&address));
                    download.cancel();
                }
            }
            true
        });
        let (told, failed) = (lock.clone(), Rc::clone(&coming));
        download.connect_failed(move |_, error| {
            let Some((path, _)) = failed.take() else { return };
            tracing::warn!(%error, "a file did not come whole");
            remove(&path);
            (told.sink)(HostEvent::FileNotKept { session: told.session.clone() });
        });
        // Also after it has failed.
        let (downloads, told, folder) = (Rc::downgrade(self), lock.clone(), self.folder.clone());
        download.connect_finished(move |download| {
            if let Some(downloads) = downloads.upgrade() {
                downloads.running.borrow_mut().retain(|(one, _)| one != download);
            }
            let Some((path, suggested)) = coming.take() else { return };
            let (sink, session, folder) = (told.sink.clone(), told.session.clone(), folder.clone());
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
        });
    }

    /// Each mark stands for one file.
    fn takes(&self, address: &str) -> bool {
        let mut marked = self.marked.borrow_mut();
        let place = marked.iter().position(|one| one == address);
        place.map(|place| marked.swap_remove(place)).is_some()
    }

    /// Where it comes, unless there were too many.
    fn begin(&self, download: &Download) -> Option<PathBuf> {
        /// Of all sessions of this run.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let begun = self.begun.get().checked_add(1).filter(|begun| *begun <= MAX_FILES)?;
        self.begun.set(begun);
        let path = self.run_dir.join(format!("file-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        self.running.borrow_mut().push((download.clone(), path.clone()));
        Some(path)
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The address of an answer that says so itself, and came from the session's own gateway: neither can a page make up. The engine shows
/// heads here, before it decides what to do with an answer.
fn mark_of(answer: &URIResponse, lock: &Lock) -> Option<String> {
    let address = answer.uri()?;
    let is_ours = !address.starts_with("about:") && lock.origin.judge(&address) == Verdict::Allowed;
    let is_marked = is_ours && answer.http_headers().is_some_and(|headers| headers.one(MARK).is_some());
    is_marked.then(|| address.to_string())
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
