//! All processes of one program, whoever their parent is by now, and the memory they hold.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};

/// How a program's processes are told from all others.
pub struct Family {
    /// Counted with all its descendants.
    pub first: i32,
    /// Stands in the environment of each of them, and of no other process.
    pub marker: String,
    /// Those that carry the marker and are not part of the program.
    pub apart: Vec<i32>,
}

/// Memory of one process.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: String,
    /// Proportional set size: pages that several processes share count in parts.
    pub pss_kib: u64,
}

impl Family {
    /// Everyone who lives now, oldest first.
    pub fn members(&self) -> Result<Vec<Member>> {
        self.ids()?.into_iter().filter_map(|id| member(id).transpose()).collect()
    }

    /// How many processes of the same names belong to somebody else. They share pages with the members, whose
    /// proportional set size is smaller for it.
    pub fn strangers(&self) -> Result<usize> {
        let own = self.ids()?;
        let names: BTreeSet<String> = own.iter().filter_map(|id| name(*id)).collect();
        let others =
            processes()?.into_iter().map(|(id, _)| id).filter(|id| !own.contains(id) && !self.apart.contains(id));
        Ok(others.filter_map(name).filter(|name| names.contains(name)).count())
    }

    /// Process ids of everyone who lives now.
    pub fn ids(&self) -> Result<BTreeSet<i32>> {
        let processes = processes()?;
        let mut found: BTreeSet<i32> = processes
            .iter()
            .filter(|(id, _)| *id == self.first || carries(*id, &self.marker))
            .map(|(id, _)| *id)
            .collect();
        // Whoever was forked without the marker to be read (some programs overwrite it) has a parent among them.
        loop {
            let before = found.len();
            found.extend(
                processes.iter().filter(|(_, parent)| found.contains(parent)).map(|(id, _)| *id).collect::<Vec<_>>(),
            );
            if found.len() == before {
                break;
            }
        }
        found.retain(|id| !self.apart.contains(id));
        Ok(found)
    }
}

/// Every process with its parent.
fn processes() -> Result<Vec<(i32, i32)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse::<i32>() else { continue };
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name, which may hold anything: state, parent (proc(5)).
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        found.extend(parent.map(|parent| (id, parent)));
    }
    Ok(found)
}

fn carries(id: i32, marker: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())
}

pub fn name(id: i32) -> Option<String> {
    Some(std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?.trim().to_owned())
}

/// `None` when it ended meanwhile.
fn member(id: i32) -> Result<Option<Member>> {
    let Some(name) = name(id) else { return Ok(None) };
    let Ok(memory) = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else {
        // One that ends has no memory any more and no file to read; one that lives and hides it would be left out.
        if std::fs::read_to_string(format!("/proc/{id}/statm")).is_ok_and(|pages| !pages.starts_with("0 ")) {
            bail!("the memory of {name} ({id}) cannot be read");
        }
        return Ok(None);
    };
    let pss_kib = pss(&memory).with_context(|| format!("no set size of {name} ({id})"))?;
    Ok(Some(Member { name, pss_kib }))
}

fn pss(rollup: &str) -> Option<u64> {
    rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_size_is_read_from_the_line_of_all_of_it() {
        let rollup =
            "5566-7788 ---p 00000000 00:00 0 [rollup]\nRss:  20 kB\nPss:               1234 kB\nPss_Dirty: 5 kB\n";
        assert_eq!(pss(rollup), Some(1234));
        assert_eq!(pss("Rss: 20 kB\n"), None);
    }

    #[test]
    fn children_count_and_those_apart_do_not() {
        let marker = format!("AMBERGLASS_FAMILY_TEST={}", std::process::id());
        let (name, value) = marker.split_once('=').unwrap();
        let sleeper =
            || std::process::Command::new("sh").args(["-c", "sleep 60 & wait"]).env(name, value).spawn().unwrap();
        let (mut counted, mut apart) = (sleeper(), sleeper());
        let id = |child: &std::process::Child| i32::try_from(child.id()).unwrap();
        let family = Family { first: id(&counted), marker: marker.clone(), apart: vec![id(&apart)] };
        let found = family.ids().unwrap();
        assert!(found.contains(&id(&counted)) && !found.contains(&id(&apart)), "{found:?}");
        // Without the marker the other one is somebody else of the same name.
        let alone = Family { first: id(&counted), marker: "none=".to_owned(), apart: Vec::new() };
        assert!(alone.strangers().unwrap() >= 1);
        let members = family.members().unwrap();
        assert!(!members.is_empty() && members.iter().all(|member| member.pss_kib > 0), "{members:?}");
        for child in [&mut counted, &mut apart] {
            for (process, _) in processes().unwrap().into_iter().filter(|(_, parent)| *parent == id(child)) {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGKILL);
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
