//! What the UI may ask for, made from the one table of commands.

use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId,
    approval::{Scope, Verdict},
    audit::TrailFormat,
    break_glass::ReviewOutcome,
    session::{Mode, Reason},
};
use serde::{Deserialize, Serialize};

use crate::view::PreferencesView;

include!("command_table.rs");

/// The webviews of our own. The portal's is none of them: nothing reaches the host from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webview {
    Console,
    Bar,
}

macro_rules! webview {
    (console) => {
        Webview::Console
    };
    (bar) => {
        Webview::Bar
    };
}

macro_rules! define_commands {
    ($($doc:literal $name:ident $variant:ident { $($argument:ident : $kind:ty),* } [$($webview:ident),*];)*) => {
        /// One request of the UI. Serialised as the UI's own host stand-in sends it: `{"command": "find_customers", ..}`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "command", rename_all = "snake_case", rename_all_fields = "camelCase")]
        pub enum Command {
            $(#[doc = $doc] $variant { $($argument: $kind),* },)*
        }

        impl Command {
            /// Every name, in the order of the table.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// The name under which the UI calls it.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($name),)*
                }
            }

            /// The webviews that may call it.
            pub const fn webviews(&self) -> &'static [Webview] {
                match self {
                    $(Self::$variant { .. } => &[$(webview!($webview)),*],)*
                }
            }
        }

        /// Each line of the table, for the TypeScript side.
        #[cfg(test)]
        pub(crate) fn described(config: &ts_rs::Config) -> Vec<crate::typescript::DescribedCommand> {
            vec![$(crate::typescript::DescribedCommand {
                doc: $doc,
                name: stringify!($name),
                arguments: vec![$((stringify!($argument), <$kind as ts_rs::TS>::name(config))),*],
                webviews: vec![$(webview!($webview)),*],
            }),*]
        }

        /// Visits the type of each argument.
        #[cfg(test)]
        pub(crate) fn visit_arguments(visitor: &mut impl ts_rs::TypeVisitor) {
            $($(visitor.visit::<$kind>();)*)*
        }
    };
}

command_table!(define_commands);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_read_as_the_ui_writes_them() {
        let text = r#"{"command":"start_session","portal":"p","customer":"c","mode":"read_only","durationSeconds":60,
            "reason":{"code":"other","text":"Customer cannot log in","ticket":null}}"#;
        let command: Command = serde_json::from_str(text).unwrap();
        assert_eq!((command.name(), command.webviews()), ("start_session", [Webview::Console].as_slice()));
        assert_eq!(Command::EndSession {}.webviews(), [Webview::Console, Webview::Bar]);
        assert!(Command::NAMES.contains(&"open_trail"));
    }

    #[test]
    fn each_webview_is_allowed_its_commands_and_no_other() {
        for (webview, text) in [
            (Webview::Console, include_str!("../../../src-tauri/capabilities/console.json")),
            (Webview::Bar, include_str!("../../../src-tauri/capabilities/bar.json")),
        ] {
            let file: serde_json::Value = serde_json::from_str(text).unwrap();
            let mut allowed: Vec<String> = file["permissions"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|permission| permission.as_str()?.strip_prefix("allow-").map(|name| name.replace('-', "_")))
                .collect();
            allowed.sort();
            let config = ts_rs::Config::default();
            let described = described(&config);
            let mut wanted: Vec<String> = described
                .iter()
                .filter(|command| command.webviews.contains(&webview))
                .map(|command| command.name.to_owned())
                .collect();
            wanted.sort();
            assert_eq!(allowed, wanted, "{webview:?}");
        }
    }
}
