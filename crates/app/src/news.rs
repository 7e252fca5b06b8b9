//! What security is told of: it comes with the snapshot, and up to where it was read is kept on this computer.

use amberglass_wire::{UnixMillis, news::NewsResponse};

use crate::{
    controller::Actor,
    notices, trail,
    view::{NewsItemView, NewsView},
};

/// What a thief of one's sign-in does in one's name: it is told to whoever is said to have done it, too.
const TOLD_ALWAYS: [&str; 3] = ["device_registered", "password_changed", "second_factor_set_up"];

#[derive(Default)]
pub(crate) struct News {
    /// Newest first.
    list: Vec<NewsResponse>,
    /// A snapshot of this sign-in was taken up: what comes after is new.
    known: bool,
}

impl Actor {
    /// What the snapshot says, and one word on the desktop for what is new in it.
    pub fn follow_news(&mut self, list: Vec<NewsResponse>) {
        let first = !std::mem::replace(&mut self.news.known, true);
        let read_until = self.news_read_until();
        let is_new = |item: &&NewsResponse| {
            if first { item.at > read_until } else { !self.news.list.iter().any(|known| known.id == item.id) }
        };
        let me = self.account().map(|account| account.staff.id.clone());
        let is_own =
            |item: &NewsResponse| item.by.is_some() && item.by == me && !TOLD_ALWAYS.contains(&item.kind.as_str());
        // Break-glass is told by itself, and of what one has done oneself one need not be told.
        let told: Vec<_> =
            list.iter().filter(is_new).filter(|item| item.kind != "break_glass_used" && !is_own(item)).collect();
        let notice = match told.as_slice() {
            [] => None,
            [item] => Some(notices::news(item)),
            several => Some(notices::several_news(several.len())),
        };
        self.news.list = list;
        if let Some(notice) = notice {
            self.tell(&notice);
        }
    }

    /// The whole list was seen.
    pub fn read_news(&mut self) {
        let Some(newest) = self.news.list.iter().map(|item| item.at).max() else { return };
        let Some(staff) = self.account().map(|account| account.staff.id.0.clone()) else { return };
        if newest <= self.news_read_until() {
            return;
        }
        let mut preferences = self.preferences.clone();
        preferences.news_read_until.insert(staff, newest.0);
        if self.keep_preferences(preferences.clone()).is_err() {
            // It counts as read in this run.
            self.preferences = preferences;
        }
    }

    fn news_read_until(&self) -> UnixMillis {
        let read = self.account().and_then(|account| self.preferences.news_read_until.get(account.staff.id.as_str()));
        UnixMillis(read.copied().unwrap_or_default())
    }

    pub fn news_view(&self) -> NewsView {
        let read_until = self.news_read_until();
        let items: Vec<_> = self.news.list.iter().map(|item| view_of(item, item.at > read_until)).collect();
        let unread = items.iter().filter(|item| item.unread).count();
        NewsView { unread: u32::try_from(unread).unwrap_or(u32::MAX), items }
    }
}

fn view_of(item: &NewsResponse, unread: bool) -> NewsItemView {
    let (what, because) = item.detail.clone().map(trail::what_and_because).unwrap_or_default();
    NewsItemView {
        id: item.id.clone(),
        at: item.at,
        kind: item.kind.clone(),
        what,
        because,
        staff_name: item.staff_name.clone(),
        device_name: item.device_name.clone(),
        portal_name: item.portal_name.clone(),
        session_code: item.session_code.clone(),
        customer_name: item.customer_name.clone(),
        by_name: item.by_name.clone(),
        unread,
    }
}
