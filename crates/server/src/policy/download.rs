//! Whether somebody may keep one file of a portal's on their disk.

use amberglass_wire::session::{Mode, PolicyAnswer};
use cedar_policy::Decision;

use super::{Policy, PolicyError, Principal, StartDecision, StartFacts, Target};

/// The file, as far as rules may look at it.
#[derive(Clone, Copy, Debug)]
pub struct Download<'a> {
    /// Without query.
    pub path: &'a str,
    /// The portal's rule that lists it.
    pub rule: &'a str,
}

impl StartFacts {
    pub(super) fn of_download(who: &Principal<'_>, whom: &Target<'_>, mode: Mode, file: Download<'_>) -> Self {
        let mut facts = Self::of(who, whom, mode);
        if let Some(context) = facts.context.as_object_mut() {
            context.insert("path".to_owned(), file.path.into());
            context.insert("rule".to_owned(), file.rule.into());
        }
        facts
    }
}

impl Policy {
    /// Asked for each file anew, so that a policy that has changed holds for the next one.
    ///
    /// # Errors
    /// When the facts do not fit the schema, as where that knows no such action; nothing may be kept then.
    pub fn download(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        file: Download<'_>,
    ) -> Result<StartDecision, PolicyError> {
        let facts = StartFacts::of_download(who, whom, mode, file);
        let said = self.ask(who, "download", &facts.resource, &facts.entities, &facts.context)?;
        let answer = if said.decision() == Decision::Allow { PolicyAnswer::Allowed } else { PolicyAnswer::Refused };
        Ok(StartDecision { answer, rules: self.rules_of(&[said]), approvals: 0 })
    }
}
