// Generated from crates/app/src/command_table.rs by `cargo test -p amberglass-app`. Do not edit.
import type { CustomerId } from "./CustomerId";
import type { DeviceId } from "./DeviceId";
import type { EventId } from "./EventId";
import type { Mode } from "./Mode";
import type { PortalId } from "./PortalId";
import type { PreferencesView } from "./PreferencesView";
import type { Reason } from "./Reason";
import type { RequestId } from "./RequestId";
import type { ReviewOutcome } from "./ReviewOutcome";
import type { Scope } from "./Scope";
import type { SessionId } from "./SessionId";
import type { TrailFormat } from "./TrailFormat";
import type { Verdict } from "./Verdict";

/** The arguments of each command, in the case in which the program takes them. */
export type Commands = {
  /** Sends the present view again; the UI asks for it when it has loaded. */
  refresh_view: Record<string, never>;
  /** Opens the system browser for sign-in. */
  sign_in: Record<string, never>;
  /** Opens the system browser for a proof that the person is there, then does what was refused for want of it. */
  sign_in_again: Record<string, never>;
  /** Stops waiting for the browser. */
  cancel_sign_in: Record<string, never>;
  /** Ends the running session, if any, and forgets the tokens. */
  sign_out: Record<string, never>;
  /** Looks customers up by name, e-mail or id. */
  find_customers: { portal: PortalId, query: string };
  /** Opens the card that confirms the customer, with what the policy says. */
  open_card: { portal: PortalId, customer: CustomerId };
  /** Closes the card. */
  close_card: Record<string, never>;
  /** Starts a session. */
  start_session: { portal: PortalId, customer: CustomerId, reason: Reason, mode: Mode, durationSeconds: number };
  /** Starts a read-only session at once with a stated emergency, which somebody reviews afterwards. */
  break_glass: { portal: PortalId, customer: CustomerId, reason: Reason, durationSeconds: number, emergency: string };
  /** Asks for the approval that the policy wants before a session begins. */
  ask_approval: { portal: PortalId, customer: CustomerId, reason: Reason, mode: Mode, durationSeconds: number };
  /** Takes a request back, or, with a reason, an approval that one has given. */
  withdraw_request: { request: RequestId, reason: string | null };
  /** Fetches what became of a request that waits for one no more. */
  look_up_request: { request: RequestId };
  /** Says whether a break-glass of somebody else was justified, and what was found. */
  review_break_glass: { session: SessionId, outcome: ReviewOutcome, note: string };
  /** Signs and sends one's decision about a request that waits for it. */
  decide_request: { request: RequestId, verdict: Verdict, scope: Scope, comment: string };
  /** Starts the session that was approved, from the card of its customer. */
  start_approved: { request: RequestId };
  /** Says that the UI has gone to where a notification or a link leads, so that it leads there no more. */
  focus_followed: { number: number };
  /** Brings the session window to the front. */
  show_session: Record<string, never>;
  /** Ends the running session, or the one in the way of a start. */
  end_session: Record<string, never>;
  /** Opens the row of the bar that asks why the session is extended. */
  open_extend: Record<string, never>;
  /** Closes it. */
  close_extend: Record<string, never>;
  /** Extends the running session by what the policy allows; code and ticket stay those of the start. */
  extend_session: { text: string };
  /** Asks whether the write that the gateway has blocked last, and the bar shows, may be sent after all. */
  ask_elevation: { record: EventId };
  /** Sends the write that was approved, once. */
  send_write: { request: RequestId };
  /** Leaves the word about a blocked write. */
  dismiss_write: Record<string, never>;
  /** Opens the row of the bar that lists what the portal's rules mask and may be shown. */
  open_unmask: Record<string, never>;
  /** Closes it. */
  close_unmask: Record<string, never>;
  /** Asks to be shown one masked field, by the rule that masks it and the pointer that stands there, for a reason. */
  unmask_field: { rule: string, pointer: string, text: string };
  /** Asks the portal once more for the page that is shown. */
  reload_page: Record<string, never>;
  /** Adds closing words to an own session that has ended. */
  add_note: { session: SessionId, note: string };
  /** Leaves the end screen. */
  dismiss_end: Record<string, never>;
  /** Fetches the list of the staff member's sessions. */
  list_sessions: Record<string, never>;
  /** Fetches the trail of one session. */
  open_trail: { session: SessionId };
  /** Closes the trail. */
  close_trail: Record<string, never>;
  /** Asks for a file and puts the open trail into it, once that is on record. */
  export_trail: { format: TrailFormat };
  /** Asks for a file and puts into it what helps to find a fault, without anything about a customer. */
  save_diagnostics: Record<string, never>;
  /** Tries at once to deliver what waits in the journal, a held record too. */
  retry_delivery: Record<string, never>;
  /** Puts a journal aside that the server will not take, and begins a new one; only while delivery is held. */
  begin_new_journal: Record<string, never>;
  /** The word about a journal that was put aside was read. */
  dismiss_replaced: Record<string, never>;
  /** Fetches what runs now: one's own, and everybody's for whoever may see them. */
  list_live: Record<string, never>;
  /** Ends somebody else's running session. */
  end_other_session: { session: SessionId, reason: string };
  /** Ends every session; none begins until it is lifted. */
  emergency_stop: { reason: string };
  /** Lets sessions begin again. */
  lift_emergency_stop: Record<string, never>;
  /** Ends every session of a portal; none begins in it until it is let go on. */
  stop_portal: { portal: PortalId, reason: string };
  /** Lets sessions begin in it again. */
  lift_portal: { portal: PortalId, reason: string };
  /** The news were read up to the newest that is shown. */
  read_news: Record<string, never>;
  /** Fetches the devices of the staff member, or of everybody for whoever may see them. */
  list_devices: Record<string, never>;
  /** Takes every right from a device. */
  revoke_device: { device: DeviceId, reason: string };
  /** Says that an alarm was looked at, and what was found. */
  acknowledge_alarm: { alarm: EventId, note: string };
  /** Fetches what is recorded about whoever is signed in: the newest, or with `more` what comes before what is shown. */
  load_own_record: { more: boolean };
  /** Forgets the action that failed or is done. */
  dismiss_action: Record<string, never>;
  /** Leaves the word about a session in which the program died. */
  dismiss_recovered: Record<string, never>;
  /** Looks whether a server of ours answers at the address, and keeps it if so. */
  set_server: { address: string };
  /** Reads the key store again. */
  check_keyring: Record<string, never>;
  /** The staff member has read what is recorded. */
  accept_notice: Record<string, never>;
  /** Keeps what a staff member may set for themselves. */
  set_preferences: { preferences: PreferencesView };
};

export type CommandName = keyof Commands;

/** What this webview may call. */
export const consoleCommands = [
  "refresh_view",
  "sign_in",
  "sign_in_again",
  "cancel_sign_in",
  "sign_out",
  "find_customers",
  "open_card",
  "close_card",
  "start_session",
  "break_glass",
  "ask_approval",
  "withdraw_request",
  "look_up_request",
  "review_break_glass",
  "decide_request",
  "start_approved",
  "focus_followed",
  "show_session",
  "end_session",
  "add_note",
  "dismiss_end",
  "list_sessions",
  "open_trail",
  "close_trail",
  "export_trail",
  "save_diagnostics",
  "retry_delivery",
  "begin_new_journal",
  "dismiss_replaced",
  "list_live",
  "end_other_session",
  "emergency_stop",
  "lift_emergency_stop",
  "stop_portal",
  "lift_portal",
  "read_news",
  "list_devices",
  "revoke_device",
  "acknowledge_alarm",
  "load_own_record",
  "dismiss_action",
  "dismiss_recovered",
  "set_server",
  "check_keyring",
  "accept_notice",
  "set_preferences",
] as const satisfies readonly CommandName[];

/** What this webview may call. */
export const barCommands = [
  "refresh_view",
  "end_session",
  "open_extend",
  "close_extend",
  "extend_session",
  "ask_elevation",
  "send_write",
  "dismiss_write",
  "open_unmask",
  "close_unmask",
  "unmask_field",
  "reload_page",
] as const satisfies readonly CommandName[];

/** How a command reaches the program; the host of the UI gives it. */
export type Invoke = <Name extends CommandName>(name: Name, args: Commands[Name]) => Promise<void>;

/** One function for each command. */
export function commandsOver(invoke: Invoke) {
  return {
    /** Sends the present view again; the UI asks for it when it has loaded. */
    refreshView: () => invoke("refresh_view", {}),
    /** Opens the system browser for sign-in. */
    signIn: () => invoke("sign_in", {}),
    /** Opens the system browser for a proof that the person is there, then does what was refused for want of it. */
    signInAgain: () => invoke("sign_in_again", {}),
    /** Stops waiting for the browser. */
    cancelSignIn: () => invoke("cancel_sign_in", {}),
    /** Ends the running session, if any, and forgets the tokens. */
    signOut: () => invoke("sign_out", {}),
    /** Looks customers up by name, e-mail or id. */
    findCustomers: (args: Commands["find_customers"]) => invoke("find_customers", args),
    /** Opens the card that confirms the customer, with what the policy says. */
    openCard: (args: Commands["open_card"]) => invoke("open_card", args),
    /** Closes the card. */
    closeCard: () => invoke("close_card", {}),
    /** Starts a session. */
    startSession: (args: Commands["start_session"]) => invoke("start_session", args),
    /** Starts a read-only session at once with a stated emergency, which somebody reviews afterwards. */
    breakGlass: (args: Commands["break_glass"]) => invoke("break_glass", args),
    /** Asks for the approval that the policy wants before a session begins. */
    askApproval: (args: Commands["ask_approval"]) => invoke("ask_approval", args),
    /** Takes a request back, or, with a reason, an approval that one has given. */
    withdrawRequest: (args: Commands["withdraw_request"]) => invoke("withdraw_request", args),
    /** Fetches what became of a request that waits for one no more. */
    lookUpRequest: (args: Commands["look_up_request"]) => invoke("look_up_request", args),
    /** Says whether a break-glass of somebody else was justified, and what was found. */
    reviewBreakGlass: (args: Commands["review_break_glass"]) => invoke("review_break_glass", args),
    /** Signs and sends one's decision about a request that waits for it. */
    decideRequest: (args: Commands["decide_request"]) => invoke("decide_request", args),
    /** Starts the session that was approved, from the card of its customer. */
    startApproved: (args: Commands["start_approved"]) => invoke("start_approved", args),
    /** Says that the UI has gone to where a notification or a link leads, so that it leads there no more. */
    focusFollowed: (args: Commands["focus_followed"]) => invoke("focus_followed", args),
    /** Brings the session window to the front. */
    showSession: () => invoke("show_session", {}),
    /** Ends the running session, or the one in the way of a start. */
    endSession: () => invoke("end_session", {}),
    /** Opens the row of the bar that asks why the session is extended. */
    openExtend: () => invoke("open_extend", {}),
    /** Closes it. */
    closeExtend: () => invoke("close_extend", {}),
    /** Extends the running session by what the policy allows; code and ticket stay those of the start. */
    extendSession: (args: Commands["extend_session"]) => invoke("extend_session", args),
    /** Asks whether the write that the gateway has blocked last, and the bar shows, may be sent after all. */
    askElevation: (args: Commands["ask_elevation"]) => invoke("ask_elevation", args),
    /** Sends the write that was approved, once. */
    sendWrite: (args: Commands["send_write"]) => invoke("send_write", args),
    /** Leaves the word about a blocked write. */
    dismissWrite: () => invoke("dismiss_write", {}),
    /** Opens the row of the bar that lists what the portal's rules mask and may be shown. */
    openUnmask: () => invoke("open_unmask", {}),
    /** Closes it. */
    closeUnmask: () => invoke("close_unmask", {}),
    /** Asks to be shown one masked field, by the rule that masks it and the pointer that stands there, for a reason. */
    unmaskField: (args: Commands["unmask_field"]) => invoke("unmask_field", args),
    /** Asks the portal once more for the page that is shown. */
    reloadPage: () => invoke("reload_page", {}),
    /** Adds closing words to an own session that has ended. */
    addNote: (args: Commands["add_note"]) => invoke("add_note", args),
    /** Leaves the end screen. */
    dismissEnd: () => invoke("dismiss_end", {}),
    /** Fetches the list of the staff member's sessions. */
    listSessions: () => invoke("list_sessions", {}),
    /** Fetches the trail of one session. */
    openTrail: (args: Commands["open_trail"]) => invoke("open_trail", args),
    /** Closes the trail. */
    closeTrail: () => invoke("close_trail", {}),
    /** Asks for a file and puts the open trail into it, once that is on record. */
    exportTrail: (args: Commands["export_trail"]) => invoke("export_trail", args),
    /** Asks for a file and puts into it what helps to find a fault, without anything about a customer. */
    saveDiagnostics: () => invoke("save_diagnostics", {}),
    /** Tries at once to deliver what waits in the journal, a held record too. */
    retryDelivery: () => invoke("retry_delivery", {}),
    /** Puts a journal aside that the server will not take, and begins a new one; only while delivery is held. */
    beginNewJournal: () => invoke("begin_new_journal", {}),
    /** The word about a journal that was put aside was read. */
    dismissReplaced: () => invoke("dismiss_replaced", {}),
    /** Fetches what runs now: one's own, and everybody's for whoever may see them. */
    listLive: () => invoke("list_live", {}),
    /** Ends somebody else's running session. */
    endOtherSession: (args: Commands["end_other_session"]) => invoke("end_other_session", args),
    /** Ends every session; none begins until it is lifted. */
    emergencyStop: (args: Commands["emergency_stop"]) => invoke("emergency_stop", args),
    /** Lets sessions begin again. */
    liftEmergencyStop: () => invoke("lift_emergency_stop", {}),
    /** Ends every session of a portal; none begins in it until it is let go on. */
    stopPortal: (args: Commands["stop_portal"]) => invoke("stop_portal", args),
    /** Lets sessions begin in it again. */
    liftPortal: (args: Commands["lift_portal"]) => invoke("lift_portal", args),
    /** The news were read up to the newest that is shown. */
    readNews: () => invoke("read_news", {}),
    /** Fetches the devices of the staff member, or of everybody for whoever may see them. */
    listDevices: () => invoke("list_devices", {}),
    /** Takes every right from a device. */
    revokeDevice: (args: Commands["revoke_device"]) => invoke("revoke_device", args),
    /** Says that an alarm was looked at, and what was found. */
    acknowledgeAlarm: (args: Commands["acknowledge_alarm"]) => invoke("acknowledge_alarm", args),
    /** Fetches what is recorded about whoever is signed in: the newest, or with `more` what comes before what is shown. */
    loadOwnRecord: (args: Commands["load_own_record"]) => invoke("load_own_record", args),
    /** Forgets the action that failed or is done. */
    dismissAction: () => invoke("dismiss_action", {}),
    /** Leaves the word about a session in which the program died. */
    dismissRecovered: () => invoke("dismiss_recovered", {}),
    /** Looks whether a server of ours answers at the address, and keeps it if so. */
    setServer: (args: Commands["set_server"]) => invoke("set_server", args),
    /** Reads the key store again. */
    checkKeyring: () => invoke("check_keyring", {}),
    /** The staff member has read what is recorded. */
    acceptNotice: () => invoke("accept_notice", {}),
    /** Keeps what a staff member may set for themselves. */
    setPreferences: (args: Commands["set_preferences"]) => invoke("set_preferences", args),
  };
}
