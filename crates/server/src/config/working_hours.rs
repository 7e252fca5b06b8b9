//! When staff are at work: what the policy learns of the time of day.

use amberglass_wire::UnixMillis;
use chrono::{DateTime, Datelike as _, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};

/// `[working_hours]`. On other days, and at other times of these, the default policy wants an approval.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkingHours {
    /// Such as `mon`, `tue`.
    #[serde(deserialize_with = "days")]
    pub days: Vec<Weekday>,
    /// `HH:MM`, the first minute.
    #[serde(deserialize_with = "time")]
    pub from: NaiveTime,
    /// `HH:MM`, the first minute that is outside again. The same as `from` means the whole day; an earlier one lies on the
    /// next day, and the day is the one on which the shift began.
    #[serde(deserialize_with = "time")]
    pub to: NaiveTime,
    /// IANA name, such as `Europe/Berlin`: days and times are those of the people.
    pub time_zone: Tz,
}

impl Default for WorkingHours {
    fn default() -> Self {
        use Weekday::{Fri, Mon, Thu, Tue, Wed};
        Self {
            days: vec![Mon, Tue, Wed, Thu, Fri],
            from: NaiveTime::from_hms_opt(7, 0, 0).unwrap_or_default(),
            to: NaiveTime::from_hms_opt(20, 0, 0).unwrap_or_default(),
            time_zone: Tz::UTC,
        }
    }
}

impl WorkingHours {
    /// Every day, the whole day.
    pub fn always() -> Self {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let midnight = NaiveTime::default();
        Self { days: vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: midnight, to: midnight, time_zone: Tz::UTC }
    }

    /// A time that no calendar knows is outside.
    pub fn include(&self, at: UnixMillis) -> bool {
        let Some(at) = DateTime::from_timestamp_millis(at.0) else { return false };
        let local = at.with_timezone(&self.time_zone);
        let (day, time) = (local.weekday(), local.time());
        let works = |day| self.days.contains(&day);
        if self.from < self.to {
            return works(day) && (self.from..self.to).contains(&time);
        }
        (works(day) && time >= self.from) || (works(day.pred()) && time < self.to)
    }
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Weekday>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let day = |name: &String| {
        let day = name
            .parse()
            .map_err(|_| format!("`{name}` is no day of the week; write mon, tue, wed, thu, fri, sat, sun"));
        day.map_err(serde::de::Error::custom)
    };
    names.iter().map(day).collect()
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time = NaiveTime::parse_from_str(&text, "%H:%M");
    time.map_err(|_| serde::de::Error::custom(format!("`{text}` is no time of the day; write HH:MM, such as 07:30")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    fn hours(text: &str) -> WorkingHours {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn hours_are_those_of_the_peoples_days_and_zone() {
        let default = WorkingHours::default();
        // A Monday in summer, 2026-07-06.
        for (time, within) in [
            ("2026-07-06T06:59:59Z", false),
            ("2026-07-06T07:00:00Z", true),
            ("2026-07-06T19:59:59Z", true),
            ("2026-07-06T20:00:00Z", false),
            ("2026-07-05T12:00:00Z", false),
        ] {
            assert_eq!(default.include(at(time)), within, "{time}");
        }
        let berlin = hours("time_zone = \"Europe/Berlin\"");
        assert!(
            berlin.include(at("2026-07-06T05:00:00Z")) && !berlin.include(at("2026-07-06T18:00:00Z")),
            "summer time"
        );
        assert!(
            !berlin.include(at("2026-01-05T05:30:00Z")) && berlin.include(at("2026-01-05T06:00:00Z")),
            "winter time"
        );
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_on_which_it_began() {
        let night = hours("days = [\"fri\"]\nfrom = \"22:00\"\nto = \"06:00\"");
        for (time, within) in [
            ("2026-07-03T21:59:00Z", false),
            ("2026-07-03T22:00:00Z", true),
            ("2026-07-04T05:59:00Z", true),
            ("2026-07-04T06:00:00Z", false),
            ("2026-07-03T05:00:00Z", false),
        ] {
            assert_eq!(night.include(at(time)), within, "{time}");
        }
        assert!(WorkingHours::always().include(at("2026-07-05T00:00:00Z")));
    }

    #[test]
    fn what_is_no_day_time_or_zone_is_refused_with_its_name() {
        for (text, named) in [
            ("days = [\"someday\"]", "`someday` is no day"),
            ("from = \"7 am\"", "`7 am` is no time"),
            ("to = \"25:00\"", "`25:00` is no time"),
            ("time_zone = \"Mars/Olympus\"", "Mars/Olympus"),
        ] {
            let error = toml::from_str::<WorkingHours>(text).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
