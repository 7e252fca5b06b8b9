//! What a page may try, by name: one table, which the portal serves (`/hostile`) and the tests in real windows run.
//!
//! Each attack is a script in a page of its own (`stage.js` runs it). What it returns is its outcome; one that begins with
//! `through` says that a wall did not hold. The script sees `other`, an origin that it must not reach.

mod answers;
mod asking;
mod drawing;
mod exhausting;
mod leaving;
mod reaching;
mod taking;

/// One attack and what has to come of it.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// The path below `/hostile/`.
    pub id: &'static str,
    /// What the page does, in words for the index page.
    pub what: &'static str,
    /// Body of an asynchronous function.
    pub script: &'static str,
    pub trigger: Trigger,
    pub expected: Expected,
    /// A picture of it says more than its record.
    pub visual: bool,
    /// One of those that every change has to pass; the others run before a release.
    pub quick: bool,
}

/// What the person at the desk does for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Nothing.
    Load,
    /// Clicks in the middle of the page, which begins the script.
    Click,
    /// Once the script has returned: clicks there with the other button.
    RightClick,
    /// Once the script has returned: presses these keys, in the words of xdotool.
    Keys(&'static str),
    /// Once the script has returned: drags what stands in the middle of the page out of it.
    DragOut,
    /// Once the script has returned: the page's web process dies.
    Crash,
}

/// What has to stand on record once it is over. In every case frame, watermark and countdown stay where they are, and the
/// session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `attempt_refused` of this kind: the host has refused it and said so in the bar.
    Refused(&'static str),
    /// `request_blocked`: the gateway has refused it.
    Blocked,
    /// `curtain_drawn` for this cause: the page is covered until somebody tries again.
    Covered(&'static str),
    /// Neither, and this is why.
    Nothing(&'static str),
}

impl Attack {
    const fn new(id: &'static str, what: &'static str, script: &'static str, expected: Expected) -> Self {
        Self { id, what, script, trigger: Trigger::Load, expected, visual: false, quick: false }
    }

    const fn refused(id: &'static str, what: &'static str, attempt: &'static str, script: &'static str) -> Self {
        Self::new(id, what, script, Expected::Refused(attempt))
    }

    const fn nothing(id: &'static str, what: &'static str, because: &'static str, script: &'static str) -> Self {
        Self::new(id, what, script, Expected::Nothing(because))
    }

    const fn by(self, trigger: Trigger) -> Self {
        Self { trigger, ..self }
    }

    const fn click(self) -> Self {
        self.by(Trigger::Click)
    }

    const fn visual(self) -> Self {
        Self { visual: true, ..self }
    }

    const fn quick(self) -> Self {
        Self { quick: true, ..self }
    }
}

/// All of them, in the order in which they are run: what wears the machine out comes last.
pub fn all() -> impl Iterator<Item = &'static Attack> {
    [leaving::ATTACKS, taking::ATTACKS, asking::ATTACKS, reaching::ATTACKS, drawing::ATTACKS, answers::ATTACKS]
        .into_iter()
        .flatten()
        .chain(exhausting::ATTACKS)
}

/// What the attack `marker` leaves wherever a page can leave anything.
pub const MARKER: &str = "quartz-lantern-58213";

pub fn named(id: &str) -> Option<&'static Attack> {
    all().find(|attack| attack.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_attack_has_a_name_of_its_own_and_says_what_has_to_come_of_it() {
        let ids: BTreeSet<_> = all().map(|attack| attack.id).collect();
        assert_eq!(ids.len(), all().count(), "a name stands twice");
        assert!(ids.len() >= 60, "there are {} attacks", ids.len());
        for attack in all() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(attack.id.chars().all(plain), "{}", attack.id);
            if let Expected::Nothing(because) = attack.expected {
                assert!(because.split_whitespace().count() >= 4, "{} does not say why nothing is recorded", attack.id);
            }
        }
    }
}
