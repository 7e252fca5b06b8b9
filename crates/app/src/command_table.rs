// The one table of commands. It gives the `Command` enum and the TypeScript functions (crates/app), the handlers
// (src-tauri/src/commands.rs) and the access list (src-tauri/build.rs, which includes this file). Each line: a description,
// name, variant, arguments, and the webviews that may call it.
macro_rules! command_table {
    ($then:ident) => {
        $then! {
            "Sends the present view again; the UI asks for it when it has loaded."
            refresh_view RefreshView {} [console, bar];
            "Opens the system browser for sign-in."
            sign_in SignIn {} [console];
            "Stops waiting for the browser."
            cancel_sign_in CancelSignIn {} [console];
            "Ends the running session, if any, and forgets the tokens."
            sign_out SignOut {} [console];
            "Looks customers up by name, e-mail or id."
            find_customers FindCustomers { portal: PortalId, query: String } [console];
            "Opens the card that confirms the customer, with what the policy says."
            open_card OpenCard { portal: PortalId, customer: CustomerId } [console];
            "Closes the card."
            close_card CloseCard {} [console];
            "Starts a session."
            start_session StartSession { portal: PortalId, customer: CustomerId, reason: Reason, mode: Mode, duration_seconds: u32 } [console];
            "Brings the session window to the front."
            show_session ShowSession {} [console];
            "Ends the running session."
            end_session EndSession {} [console, bar];
            "Leaves the end screen."
            dismiss_end DismissEnd {} [console];
            "Fetches the list of the staff member's sessions."
            list_sessions ListSessions {} [console];
            "Fetches the trail of one session."
            open_trail OpenTrail { session: SessionId } [console];
            "Closes the trail."
            close_trail CloseTrail {} [console];
        }
    };
}
