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
            "Opens the system browser for a proof that the person is there, then does what was refused for want of it."
            sign_in_again SignInAgain {} [console];
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
            "Starts a read-only session at once with a stated emergency, which somebody reviews afterwards."
            break_glass BreakGlass { portal: PortalId, customer: CustomerId, reason: Reason, duration_seconds: u32, emergency: String } [console];
            "Asks for the approval that the policy wants before a session begins."
            ask_approval AskApproval { portal: PortalId, customer: CustomerId, reason: Reason, mode: Mode, duration_seconds: u32 } [console];
            "Takes a request back, or, with a reason, an approval that one has given."
            withdraw_request WithdrawRequest { request: RequestId, reason: Option<String> } [console];
            "Fetches what became of a request that waits for one no more."
            look_up_request LookUpRequest { request: RequestId } [console];
            "Says whether a break-glass of somebody else was justified, and what was found."
            review_break_glass ReviewBreakGlass { session: SessionId, outcome: ReviewOutcome, note: String } [console];
            "Signs and sends one's decision about a request that waits for it."
            decide_request DecideRequest { request: RequestId, verdict: Verdict, scope: Scope, comment: String } [console];
            "Starts the session that was approved, from the card of its customer."
            start_approved StartApproved { request: RequestId } [console];
            "Says that the UI has gone to where a notification or a link leads, so that it leads there no more."
            focus_followed FocusFollowed { number: u32 } [console];
            "Brings the session window to the front."
            show_session ShowSession {} [console];
            "Ends the running session, or the one in the way of a start."
            end_session EndSession {} [console, bar];
            "Opens the row of the bar that asks why the session is extended."
            open_extend OpenExtend {} [bar];
            "Closes it."
            close_extend CloseExtend {} [bar];
            "Extends the running session by what the policy allows; code and ticket stay those of the start."
            extend_session ExtendSession { text: String } [bar];
            "Asks whether the write that the gateway has blocked last, and the bar shows, may be sent after all."
            ask_elevation AskElevation { record: EventId } [bar];
            "Sends the write that was approved, once."
            send_write SendWrite { request: RequestId } [bar];
            "Leaves the word about a blocked write."
            dismiss_write DismissWrite {} [bar];
            "Opens the row of the bar that lists what the portal's rules mask and may be shown."
            open_unmask OpenUnmask {} [bar];
            "Closes it."
            close_unmask CloseUnmask {} [bar];
            "Asks to be shown one masked field, by the rule that masks it and the pointer that stands there, for a reason."
            unmask_field UnmaskField { rule: String, pointer: String, text: String } [bar];
            "Asks the portal once more for the page that is shown."
            reload_page ReloadPage {} [bar];
            "Adds closing words to an own session that has ended."
            add_note AddNote { session: SessionId, note: String } [console];
            "Leaves the end screen."
            dismiss_end DismissEnd {} [console];
            "Fetches the list of the staff member's sessions."
            list_sessions ListSessions {} [console];
            "Fetches the trail of one session."
            open_trail OpenTrail { session: SessionId } [console];
            "Closes the trail."
            close_trail CloseTrail {} [console];
            "Asks for a file and puts the open trail into it, once that is on record."
            export_trail ExportTrail { format: TrailFormat } [console];
            "Asks for a file and puts into it what helps to find a fault, without anything about a customer."
            save_diagnostics SaveDiagnostics {} [console];
            "Tries at once to deliver what waits in the journal, a held record too."
            retry_delivery RetryDelivery {} [console];
            "Puts a journal aside that the server will not take, and begins a new one; only while delivery is held."
            begin_new_journal BeginNewJournal {} [console];
            "The word about a journal that was put aside was read."
            dismiss_replaced DismissReplaced {} [console];
            "Fetches what runs now: one's own, and everybody's for whoever may see them."
            list_live ListLive {} [console];
            "Ends somebody else's running session."
            end_other_session EndOtherSession { session: SessionId, reason: String } [console];
            "Ends every session; none begins until it is lifted."
            emergency_stop EmergencyStop { reason: String } [console];
            "Lets sessions begin again."
            lift_emergency_stop LiftEmergencyStop {} [console];
            "Ends every session of a portal; none begins in it until it is let go on."
            stop_portal StopPortal { portal: PortalId, reason: String } [console];
            "Lets sessions begin in it again."
            lift_portal LiftPortal { portal: PortalId, reason: String } [console];
            "The news were read up to the newest that is shown."
            read_news ReadNews {} [console];
            "Fetches the devices of the staff member, or of everybody for whoever may see them."
            list_devices ListDevices {} [console];
            "Takes every right from a device."
            revoke_device RevokeDevice { device: DeviceId, reason: String } [console];
            "Says that an alarm was looked at, and what was found."
            acknowledge_alarm AcknowledgeAlarm { alarm: EventId, note: String } [console];
            "Fetches what is recorded about whoever is signed in: the newest, or with `more` what comes before what is shown."
            load_own_record LoadOwnRecord { more: bool } [console];
            "Forgets the action that failed or is done."
            dismiss_action DismissAction {} [console];
            "Leaves the word about a session in which the program died."
            dismiss_recovered DismissRecovered {} [console];
            "Looks whether a server of ours answers at the address, and keeps it if so."
            set_server SetServer { address: String } [console];
            "Reads the key store again."
            check_keyring CheckKeyring {} [console];
            "The staff member has read what is recorded."
            accept_notice AcceptNotice {} [console];
            "Keeps what a staff member may set for themselves."
            set_preferences SetPreferences { preferences: PreferencesView } [console];
        }
    };
}
