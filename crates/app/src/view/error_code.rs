//! What goes wrong in the console itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleErrorCode {
    ServerUnreachable,
    NotAnAmberglassServer,
    KeyringMissing,
    KeyringLocked,
    KeyringFailed,
    BrowserNotOpened,
    SignInTimedOut,
    SignInCancelled,
    SignInAnswerForeign,
    /// A fresh sign-in was asked for, and another person has signed in.
    SignInOfSomebodyElse,
    JournalUnavailable,
    JournalTooOld,
    DiskTooFull,
    Offline,
    WindowFailed,
    AlreadyStarting,
    /// Another console works on the same journal.
    AlreadyRunning,
    /// Not an http or https address, or plain http beyond this machine.
    ServerAddressInvalid,
    PreferencesUnavailable,
    /// Nothing leaves this program that is not on record.
    ExportNotRecorded,
    /// A file of this name is there already.
    ExportExists,
    ExportDiskFull,
    /// The folder can't be written to.
    ExportNotAllowed,
    ExportFailed,
    /// The desktop does not let a program set whether it starts with it.
    StartWithDesktopUnavailable,
    /// An address from outside that leads to nothing here.
    LinkNotUnderstood,
}
