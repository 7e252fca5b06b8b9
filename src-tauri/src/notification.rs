//! Words on the desktop, through the system's own notifications. They can be lost, so nothing hangs on them: all they can do
//! is open the console where it says the same.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use amberglass_app::{
    host::{HostEvent, Notice},
    view::Opens,
};
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;

use crate::{desktop_services::Desktop, session_window::EventSink};

/// Older ones open the inbox.
const REMEMBERED: usize = 100;

/// What the latest notifications open, by the number that the system has of them.
#[derive(Default)]
struct Shown {
    last: i32,
    opens: VecDeque<(i32, Opens)>,
}

#[derive(Default)]
pub struct Notifications(Mutex<Shown>);

impl Notifications {
    /// Hears of those that somebody opens, before the first is shown: what was shown earlier reports nothing.
    pub fn start(app: &AppHandle, sink: EventSink) {
        app.manage(Self::default());
        let handle = app.clone();
        let listening = app.notification().on_action(move |performed| {
            let id = performed.notification().map(tauri_plugin_notification::ActiveNotification::id);
            let opens = handle.state::<Self>().opens(id);
            sink(HostEvent::NoticeOpened { opens });
        });
        if let Err(error) = listening {
            tracing::warn!(%error, "a click on a notification will open nothing");
        }
    }

    pub fn show(&self, app: &AppHandle, notice: &Notice) {
        let id = self.remember(&notice.opens);
        let shown = app.notification().builder().id(id).title(&notice.title).body(&notice.body).show();
        Desktop::set_notifications(app, shown.is_ok());
        if let Err(error) = shown {
            tracing::warn!(%error, "a notification could not be shown");
        }
    }

    fn remember(&self, opens: &Opens) -> i32 {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.last = shown.last.wrapping_add(1);
        let id = shown.last;
        shown.opens.push_back((id, opens.clone()));
        if shown.opens.len() > REMEMBERED {
            shown.opens.pop_front();
        }
        id
    }

    fn opens(&self, id: Option<i32>) -> Opens {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shown.opens.iter().find(|(known, _)| Some(*known) == id);
        known.map_or(Opens::Inbox {}, |(_, opens)| opens.clone())
    }
}

#[cfg(test)]
mod tests {
    use amberglass_wire::RequestId;

    use super::*;

    #[test]
    fn one_that_is_not_remembered_opens_the_inbox() {
        let notifications = Notifications::default();
        let opens = Opens::Request { id: RequestId::new("r") };
        let first = notifications.remember(&opens);
        assert_eq!(notifications.opens(Some(first)), opens);
        for _ in 0..REMEMBERED {
            notifications.remember(&Opens::Session {});
        }
        assert_eq!(notifications.opens(Some(first)), Opens::Inbox {});
        assert_eq!(notifications.opens(None), Opens::Inbox {});
    }
}
