// Generated from crates/app/src/command_table.rs by `cargo test -p amberglass-app`. Do not edit.
import type { CustomerId } from "./CustomerId";
import type { Mode } from "./Mode";
import type { PortalId } from "./PortalId";
import type { Reason } from "./Reason";
import type { SessionId } from "./SessionId";

/** The arguments of each command, in the case in which the program takes them. */
export type Commands = {
  /** Sends the present view again; the UI asks for it when it has loaded. */
  refresh_view: Record<string, never>;
  /** Opens the system browser for sign-in. */
  sign_in: Record<string, never>;
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
  /** Brings the session window to the front. */
  show_session: Record<string, never>;
  /** Ends the running session. */
  end_session: Record<string, never>;
  /** Leaves the end screen. */
  dismiss_end: Record<string, never>;
  /** Fetches the list of the staff member's sessions. */
  list_sessions: Record<string, never>;
  /** Fetches the trail of one session. */
  open_trail: { session: SessionId };
  /** Closes the trail. */
  close_trail: Record<string, never>;
};

export type CommandName = keyof Commands;

/** What this webview may call. */
export const consoleCommands = [
  "refresh_view",
  "sign_in",
  "cancel_sign_in",
  "sign_out",
  "find_customers",
  "open_card",
  "close_card",
  "start_session",
  "show_session",
  "end_session",
  "dismiss_end",
  "list_sessions",
  "open_trail",
  "close_trail",
] as const satisfies readonly CommandName[];

/** What this webview may call. */
export const barCommands = [
  "refresh_view",
  "end_session",
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
    /** Brings the session window to the front. */
    showSession: () => invoke("show_session", {}),
    /** Ends the running session. */
    endSession: () => invoke("end_session", {}),
    /** Leaves the end screen. */
    dismissEnd: () => invoke("dismiss_end", {}),
    /** Fetches the list of the staff member's sessions. */
    listSessions: () => invoke("list_sessions", {}),
    /** Fetches the trail of one session. */
    openTrail: (args: Commands["open_trail"]) => invoke("open_trail", args),
    /** Closes the trail. */
    closeTrail: () => invoke("close_trail", {}),
  };
}
