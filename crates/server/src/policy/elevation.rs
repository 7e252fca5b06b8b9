//! One-action elevation: whether one write that was blocked in a read-only session may be sent after approval.

use amberglass_wire::session::{Mode, PolicyAnswer};
use cedar_policy::Decision;

use super::{Policy, PolicyError, Principal, StartDecision, StartFacts, Target};

/// The write, as far as rules may look at it.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    pub method: &'a str,
    /// Without query.
    pub path: &'a str,
}

impl StartFacts {
    pub(super) fn of_elevation(who: &Principal<'_>, whom: &Target<'_>, mode: Mode, write: Write<'_>) -> Self {
        let mut facts = Self::of(who, whom, mode);
        if let Some(context) = facts.context.as_object_mut() {
            context.insert("method".to_owned(), write.method.into());
            context.insert("path".to_owned(), write.path.into());
        }
        facts
    }
}

impl Policy {
    /// Whether this staff member may ask for one write for this customer. Never at once: somebody else always has to approve.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing may be asked for then.
    pub fn elevate(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        write: Write<'_>,
    ) -> Result<StartDecision, PolicyError> {
        let facts = StartFacts::of_elevation(who, whom, mode, write);
        let said = self.ask(who, "elevate", &facts.resource, &facts.entities, &facts.context)?;
        Ok(if said.decision() == Decision::Allow {
            let approvals = self.approvals_of(&said);
            StartDecision { answer: PolicyAnswer::NeedsApproval, rules: self.rules_of(&[said]), approvals }
        } else {
            StartDecision { answer: PolicyAnswer::Refused, rules: self.rules_of(&[said]), approvals: 0 }
        })
    }
}
