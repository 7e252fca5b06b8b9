//! `amberglass-server emergency`: stops everything, also when nobody can sign in.

use amberglass_domain::reason;
use amberglass_server::{
    operator::Operator,
    sessions::{lift_as_operator, stop_as_operator},
};
use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use crate::output::{Output, time};

#[derive(Subcommand)]
pub enum Emergency {
    /// Every session ends within a second, on all servers, and none begins until `emergency lift`.
    Stop {
        /// Why, in at least ten characters; everybody who is signed in reads it.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        output: Output,
    },
    /// Lets sessions begin again.
    Lift {
        #[command(flatten)]
        output: Output,
    },
    /// Whether a stop is in force.
    Status {
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(operator: &Operator, command: Emergency) -> anyhow::Result<()> {
    match command {
        Emergency::Stop { reason, output } => {
            if reason::check_text(&reason).is_err() {
                bail!(
                    "the reason must say something in at least ten characters: everybody reads it; nothing was stopped"
                );
            }
            let is_new = stop_as_operator(operator, reason.trim()).await?;
            let sentence = if is_new {
                "The emergency stop is in force: every session ends within a second, and none begins until `emergency lift`."
            } else {
                "An emergency stop was in force before; it stands with its own reason."
            };
            output.done(sentence, &json!({ "in_force": true, "changed": is_new }))
        }
        Emergency::Lift { output } => {
            let is_lifted = lift_as_operator(operator).await?;
            let sentence = if is_lifted {
                "The emergency stop is lifted: sessions may begin again."
            } else {
                "No emergency stop was in force; nothing was changed."
            };
            output.done(sentence, &json!({ "in_force": false, "changed": is_lifted }))
        }
        Emergency::Status { output } => match operator.store.emergency_stop().await? {
            None => output.done("No emergency stop is in force.", &json!({ "in_force": false })),
            Some(stop) => {
                let by = stop.stopped_by_name.as_deref().unwrap_or("the operator");
                let sentence =
                    format!("An emergency stop is in force since {}, by {by}: {}", time(stop.stopped_at), stop.reason);
                let json = json!({
                    "in_force": true, "reason": stop.reason, "stopped_at": stop.stopped_at,
                    "stopped_by": stop.stopped_by_name,
                });
                output.done(&sentence, &json)
            }
        },
    }
}
