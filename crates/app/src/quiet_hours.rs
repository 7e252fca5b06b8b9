//! Quiet hours: words on the desktop wait until they are over, and are then told in one. Never those about break-glass.

use amberglass_wire::{UnixMillis, approval::RequestState};

use crate::{
    controller::Actor,
    host::Notice,
    notices,
    view::{NoticesView, Opens, QuietHoursView},
};

const MINUTE_MILLIS: i64 = 60 * 1000;
const DAY_MILLIS: i64 = 24 * 60 * MINUTE_MILLIS;
/// 1 January 1970 was a Thursday; days count from Monday.
const FIRST_WEEKDAY: i64 = 3;

/// Words on the desktop that wait for the end of the quiet hours.
#[derive(Default)]
pub(crate) struct Held {
    pub count: usize,
    /// What they all open; the inbox where they open different things.
    pub opens: Option<Opens>,
}

impl Held {
    fn take_in(&mut self, notice: &Notice) {
        self.count = self.count.saturating_add(1);
        match &self.opens {
            None => self.opens = Some(notice.opens.clone()),
            Some(opens) if *opens == notice.opens => {}
            Some(_) => self.opens = Some(Opens::Inbox {}),
        }
    }
}

impl QuietHoursView {
    /// Whether it is quiet at this moment, where local time is so far ahead of UTC. They belong to the day on which they
    /// begin, and go on over midnight. Where the clock is put forward they begin or end with the leap; where it is put back
    /// the hour that comes twice counts twice: it is what the clock on the wall shows that decides.
    pub fn is_quiet(&self, at: UnixMillis, utc_offset_seconds: i32) -> bool {
        let local = at.0.saturating_add(i64::from(utc_offset_seconds) * 1000);
        let (day, minute) = (local.div_euclid(DAY_MILLIS), local.rem_euclid(DAY_MILLIS) / MINUTE_MILLIS);
        let (from, until) = (i64::from(self.from_minutes), i64::from(self.until_minutes));
        let begins_on = |day: i64| {
            let weekday = usize::try_from((day + FIRST_WEEKDAY).rem_euclid(7)).unwrap_or_default();
            self.days.get(weekday).copied().unwrap_or_default()
        };
        if !self.on {
            false
        } else if from < until {
            begins_on(day) && (from..until).contains(&minute)
        } else {
            // Over midnight; the same time twice is a whole day.
            (begins_on(day) && minute >= from) || (begins_on(day - 1) && minute < until)
        }
    }
}

impl Actor {
    fn is_quiet(&self) -> bool {
        let now = self.ports.clock.now();
        self.preferences.view().quiet_hours.is_quiet(now, self.ports.host.utc_offset_seconds(now))
    }

    /// A word on the desktop, at once or once the quiet hours are over, if this person wants words of its kind.
    pub fn tell(&mut self, notice: &Notice) {
        let wanted = match self.preferences.notices {
            NoticesView::All => true,
            NoticesView::Yours => notice.opens != Opens::News {},
            NoticesView::BreakGlass => false,
        };
        if !wanted {
            return;
        }
        if self.is_quiet() {
            self.held_notices.take_in(notice);
        } else {
            self.ports.host.notify(notice);
        }
    }

    /// About break-glass: at once, at any hour.
    pub fn tell_at_once(&self, notice: &Notice) {
        self.ports.host.notify(notice);
    }

    /// They are over, or were switched off.
    pub fn tick_quiet_hours(&mut self) {
        if self.held_notices.count == 0 || self.is_quiet() {
            return;
        }
        let held = std::mem::take(&mut self.held_notices);
        let approved = self.approvals.own.iter().any(|request| request.state == RequestState::Approved);
        let (requests, reviews) = (self.approvals.to_decide.len(), self.reviews.waiting.len());
        self.ports.host.notify(&notices::held_back(held, requests, reviews, approved));
    }

    /// Looked at each minute while something is held back: the wall clock decides, and it can be set.
    pub fn quiet_hours_due(&self) -> Option<i64> {
        (self.held_notices.count > 0).then(|| self.now().saturating_add(MINUTE_MILLIS))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike as _, Weekday};

    use super::*;

    const WEEK: [bool; 7] = [true; 7];
    const WORKDAYS: [bool; 7] = [true, true, true, true, true, false, false];

    fn at(utc: &str) -> UnixMillis {
        UnixMillis(DateTime::parse_from_rfc3339(utc).unwrap().timestamp_millis())
    }

    /// Central Europe in 2026.
    fn berlin(at_moment: UnixMillis) -> i32 {
        let summer = at("2026-03-29T01:00:00Z")..at("2026-10-25T01:00:00Z");
        if summer.contains(&at_moment) { 7200 } else { 3600 }
    }

    #[test]
    fn it_is_quiet_by_the_clock_on_the_wall_over_midnight_and_through_both_changes_of_the_clock() {
        let hours = |from: u32, until: u32, days| QuietHoursView {
            on: true,
            from_minutes: from * 60,
            until_minutes: until * 60,
            days,
        };
        let night = hours(22, 7, WEEK);
        let half_past_two = QuietHoursView { from_minutes: 150, until_minutes: 420, ..night };
        let table = [
            // Within one day.
            (hours(12, 13, WEEK), "2026-02-03T11:30:00Z", true),
            (hours(12, 13, WEEK), "2026-02-03T10:59:59Z", false),
            (hours(12, 13, WEEK), "2026-02-03T12:00:00Z", false),
            // Over midnight.
            (night, "2026-02-03T20:59:59Z", false),
            (night, "2026-02-03T21:00:00Z", true),
            (night, "2026-02-03T23:30:00Z", true),
            (night, "2026-02-04T05:59:59Z", true),
            (night, "2026-02-04T06:00:00Z", false),
            // They belong to the day on which they begin: Friday's go on into Saturday, Sunday's are none of Monday's.
            (hours(22, 7, WORKDAYS), "2026-02-06T22:00:00Z", true),
            (hours(22, 7, WORKDAYS), "2026-02-07T05:00:00Z", true),
            (hours(22, 7, WORKDAYS), "2026-02-07T22:00:00Z", false),
            (hours(22, 7, WORKDAYS), "2026-02-09T05:00:00Z", false),
            // The same time twice: the whole of each day.
            (hours(0, 0, WORKDAYS), "2026-02-06T12:00:00Z", true),
            (hours(0, 0, WORKDAYS), "2026-02-07T12:00:00Z", false),
            // The night in which the clock goes from 2:00 to 3:00 is an hour shorter, and ends at seven all the same.
            (night, "2026-03-29T04:59:59Z", true),
            (night, "2026-03-29T05:00:00Z", false),
            // 2:30 does not come: they begin with the leap.
            (half_past_two, "2026-03-29T00:59:59Z", false),
            (half_past_two, "2026-03-29T01:00:00Z", true),
            // 2:30 comes twice, and once it is over the clock shows less again.
            (half_past_two, "2026-10-25T00:30:00Z", true),
            (half_past_two, "2026-10-25T01:00:00Z", false),
            (half_past_two, "2026-10-25T01:30:00Z", true),
            (night, "2026-10-25T05:59:59Z", true),
            (night, "2026-10-25T06:00:00Z", false),
            // Not switched on.
            (QuietHoursView { on: false, ..night }, "2026-02-03T23:30:00Z", false),
        ];
        for (hours, moment, quiet) in table {
            let moment_millis = at(moment);
            assert_eq!(hours.is_quiet(moment_millis, berlin(moment_millis)), quiet, "{hours:?} at {moment}");
        }
    }

    #[test]
    fn each_day_of_the_week_is_its_own() {
        for day in 2..9 {
            let noon = at(&format!("2026-02-{day:02}T12:00:00Z"));
            let weekday = DateTime::from_timestamp_millis(noon.0).unwrap().weekday();
            let mut days = [false; 7];
            days[weekday.num_days_from_monday() as usize] = true;
            let hours = QuietHoursView { on: true, from_minutes: 660, until_minutes: 780, days };
            for other in 2..9 {
                let moment = at(&format!("2026-02-{other:02}T12:00:00Z"));
                assert_eq!(hours.is_quiet(moment, 0), other == day, "{weekday} at the {other}th");
            }
        }
        assert_eq!(DateTime::from_timestamp_millis(0).unwrap().weekday(), Weekday::Thu);
    }
}
