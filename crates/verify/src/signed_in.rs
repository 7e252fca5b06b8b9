//! Who sat at which device. A device signs a decision, whoever's it is said to be; that they were signed in there is the
//! server's word, and has to be on record as well.

use std::collections::{HashMap, HashSet};

use crate::{
    approval::Short,
    fault::Fault,
    requests::{Found, Moment},
};

/// Who has decided, from where, as it stands in reports.
pub(crate) struct Desk {
    pub(crate) staff: String,
    pub(crate) device: String,
}

#[derive(Default)]
pub(crate) struct SignedIn {
    /// People and devices, as servers have put them on record.
    known: HashSet<Short>,
    /// The last decision of each that their device has signed.
    decided: HashMap<Short, (Moment, Desk)>,
}

impl SignedIn {
    pub(crate) fn add(&mut self, who_and_where: Short) {
        self.known.insert(who_and_where);
    }

    pub(crate) fn decided(&mut self, who_and_where: Short, moment: Moment, desk: Desk) {
        self.decided.insert(who_and_where, (moment, desk));
    }

    /// Decisions from devices on which whoever is said to have decided has never signed in.
    pub(crate) fn missing(self) -> Vec<Found> {
        let Self { known, decided } = self;
        let unknown = decided.into_iter().filter(|(who_and_where, _)| !known.contains(who_and_where));
        unknown
            .map(|(_, (moment, Desk { staff, device }))| (moment, Fault::ApproverNotSignedIn { staff, device }))
            .collect()
    }
}
