//! The engine's network process. WebKitGTK keeps it for as long as the program runs, with no page left that it could load
//! something for: a fifth of what the program holds while it rests in the tray. The engine starts another one with the next page.

use std::time::Duration;

use gtk::glib::{self, ControlFlow};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tauri::{AppHandle, Manager as _};

/// The kernel cuts names off after fifteen characters.
const NETWORK: &str = "WebKitNetworkPr";
const WEB: &str = "WebKitWebProces";
const LOOK: Duration = Duration::from_millis(500);
/// A web process that takes longer to go keeps the other one.
const LOOKS: u32 = 20;

/// Ends it once no page of ours and none of a portal is left. On the main thread, where pages are made: none can be on its way.
pub fn end_when_unused(app: &AppHandle) {
    let app = app.clone();
    let mut looks = 0;
    glib::timeout_add_local(LOOK, move || {
        looks += 1;
        if looks > LOOKS || !app.webviews().is_empty() {
            return ControlFlow::Break;
        }
        if started().into_iter().any(|id| name_of(id) == WEB) {
            return ControlFlow::Continue;
        }
        // A child is ours until we ask how it ended: its id can be no other one's meanwhile.
        for id in children("self").into_iter().filter(|id| name_of(*id) == NETWORK) {
            match kill(Pid::from_raw(id), Signal::SIGTERM) {
                Ok(()) => tracing::debug!("the engine's network process went with the last page"),
                Err(error) => tracing::warn!(%error, "the engine's network process stays"),
            }
        }
        ControlFlow::Break
    });
}

/// The processes that this program has started and those that they have: a web process in its sandbox is a grandchild.
fn started() -> Vec<i32> {
    let mut found = children("self");
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        found.extend(children(&id.to_string()));
        next += 1;
    }
    found
}

fn name_of(id: i32) -> String {
    std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim_end().to_owned()
}

fn children(process: &str) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_ascii_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        process::{Command, Stdio},
    };

    use super::{name_of, started};

    #[test]
    fn what_a_program_of_ours_has_started_is_found_by_its_name() {
        let mut command = Command::new("sh");
        command.args(["-c", "cat; true"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let (mut to, mut from) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        // What comes back has gone through it.
        to.write_all(b"x").unwrap();
        from.read_exact(&mut [0]).unwrap();
        let names: Vec<_> = started().into_iter().map(name_of).collect();
        drop(to);
        shell.wait().unwrap();
        assert!(["sh", "cat"].iter().all(|wanted| names.iter().any(|name| name == wanted)), "{names:?}");
    }
}
