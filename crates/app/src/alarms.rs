//! What does not agree and nobody has looked at yet, for those who may see it. It comes with the snapshot.

use amberglass_wire::{
    alarm::{AlarmResponse, AlarmsResponse},
    audit::EventDetail,
};

use crate::view::{AlarmView, AlarmWhat, AlarmsView};

pub(crate) fn view(alarms: &AlarmsResponse) -> AlarmsView {
    AlarmsView { open: alarms.open, newest: alarms.newest.iter().map(alarm).collect() }
}

/// One of them was looked at.
pub(crate) fn forget(alarms: &mut AlarmsResponse, looked_at: &AlarmResponse) {
    let before = alarms.newest.len();
    alarms.newest.retain(|alarm| alarm.id != looked_at.id);
    if alarms.newest.len() < before {
        alarms.open = alarms.open.saturating_sub(1);
    }
}

fn alarm(alarm: &AlarmResponse) -> AlarmView {
    AlarmView {
        id: alarm.id.clone(),
        raised_at: alarm.raised_at,
        what: what(alarm),
        device_name: alarm.device_name.clone(),
        session: alarm.session.clone(),
        session_code: alarm.session_code.clone(),
        staff_name: alarm.staff_name.clone(),
        customer_name: alarm.customer_name.clone(),
    }
}

fn what(alarm: &AlarmResponse) -> AlarmWhat {
    let other = || AlarmWhat::Other { kind: alarm.kind.clone() };
    // Every other kind is one that this version does not know as an alarm.
    let Some(detail) = alarm.detail.as_ref() else { return other() };
    if let EventDetail::JournalReplaced { cause, seq, .. } = detail {
        let held = alarm.held.as_ref().map_or(0, |held| held.seq);
        AlarmWhat::JournalReplaced { cause: *cause, named: *seq, held }
    } else if let EventDetail::ChainContradicted { writer, cause, held, shown } = detail {
        let of_server = writer.starts_with("server:");
        AlarmWhat::ChainContradicted { cause: *cause, of_server, held: held.seq, shown: shown.seq }
    } else if let EventDetail::ServerContradicted { cause, held, shown, .. } = detail {
        AlarmWhat::ServerContradicted { cause: *cause, held: held.seq, shown: shown.seq }
    } else if let EventDetail::SessionMismatch { missing_at_console, missing_at_server } = detail {
        AlarmWhat::SessionMismatch {
            missing_at_console: missing_at_console.clone(),
            missing_at_server: missing_at_server.clone(),
        }
    } else if let EventDetail::PolicyRefused { what, .. } = detail {
        AlarmWhat::NotTaken { is_policy: true, why: what.clone() }
    } else if let EventDetail::RulesRefused { what, .. } = detail {
        AlarmWhat::NotTaken { is_policy: false, why: what.clone() }
    } else {
        other()
    }
}

#[cfg(test)]
mod tests {
    use amberglass_wire::{EventId, UnixMillis, audit::JournalLoss, event_stream::ChainHead};

    use super::*;

    fn raised(id: &str, detail: Option<EventDetail>) -> AlarmResponse {
        AlarmResponse {
            id: EventId::new(id),
            raised_at: UnixMillis(1),
            kind: "of_another_version".into(),
            detail,
            device: None,
            device_name: None,
            session: None,
            session_code: None,
            staff_name: None,
            customer_name: None,
            held: Some(ChainHead { seq: 7, hash: String::new() }),
            acknowledged_at: None,
            acknowledged_by_name: None,
            note: None,
        }
    }

    #[test]
    fn an_alarm_says_what_it_is_also_when_this_version_does_not_know_it() {
        let begun = EventDetail::JournalReplaced {
            cause: JournalLoss::KeyLost,
            former: "d".into(),
            seq: 4,
            hash: String::new(),
        };
        assert_eq!(
            what(&raised("a", Some(begun))),
            AlarmWhat::JournalReplaced { cause: JournalLoss::KeyLost, named: 4, held: 7 }
        );
        for detail in [None, Some(EventDetail::Unknown), Some(EventDetail::WindowOpened {})] {
            assert_eq!(what(&raised("a", detail)), AlarmWhat::Other { kind: "of_another_version".into() });
        }
    }

    #[test]
    fn one_that_was_looked_at_leaves_the_list_and_the_count_once() {
        let (one, two) = (raised("1", None), raised("2", None));
        let mut alarms = AlarmsResponse { open: 60, newest: vec![one.clone(), two] };
        forget(&mut alarms, &one);
        forget(&mut alarms, &one);
        assert_eq!((alarms.open, view(&alarms).newest[0].id.as_str()), (59, "2"));
    }
}
