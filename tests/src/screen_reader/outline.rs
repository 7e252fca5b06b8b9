//! What is read out as lines of text, for people to read.

use super::{CONTROLS, Spoken, State};

/// Boxes of the toolkit and of the engine, which nobody is told of by themselves.
const BOXES: [&str; 6] = ["filler", "panel", "scroll pane", "scrollbar", "", "generic"];

/// States that are read out with a thing, and that only some things have.
const STATES: [(State, &str); 8] = [
    (State::Focused, "focused"),
    (State::Checked, "checked"),
    (State::Expanded, "expanded"),
    (State::Modal, "modal"),
    (State::Pressed, "pressed"),
    (State::Required, "required"),
    (State::Selected, "selected"),
    (State::InvalidEntry, "invalid"),
];

/// The thing that is `wanted`, and all that stands within it.
pub fn within(things: &[Spoken], wanted: impl Fn(&Spoken) -> bool) -> &[Spoken] {
    let Some(first) = things.iter().position(wanted) else { return &[] };
    let (_, rest) = things.split_at(first);
    let depth = rest.first().map_or(0, |thing| thing.depth);
    let length = rest.iter().skip(1).position(|thing| thing.depth <= depth).map_or(rest.len(), |found| found + 1);
    rest.split_at(length).0
}

/// One line each, in the order in which it is read, further in what stands within another; `kept` says which are read.
pub fn outline(things: &[Spoken], kept: impl Fn(&Spoken) -> bool) -> String {
    let mut around: Vec<usize> = Vec::new();
    let mut lines = String::new();
    for thing in things.iter().filter(|thing| is_told(thing) && kept(thing)) {
        while around.last().is_some_and(|depth| *depth >= thing.depth) {
            around.pop();
        }
        lines.push_str(&format!("{}{}\n", "  ".repeat(around.len()), told(thing)));
        around.push(thing.depth);
    }
    lines
}

fn is_told(thing: &Spoken) -> bool {
    !BOXES.contains(&thing.role.as_str()) || !thing.name.is_empty()
}

/// Role, name, what else describes it, states.
fn told(thing: &Spoken) -> String {
    // A page as a whole and a field's label have a name alone.
    let name = if thing.name.is_empty() { String::new() } else { format!("\"{}\"", thing.name.trim()) };
    let mut line =
        [thing.role.as_str(), &name].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if !thing.description.is_empty() && thing.description != thing.name {
        line.push_str(&format!(" ({})", thing.description));
    }
    let mut states: Vec<&str> = STATES.iter().filter(|(state, _)| thing.is(*state)).map(|(_, word)| *word).collect();
    let is_control = CONTROLS.contains(&thing.role.as_str());
    if is_control && thing.is(State::Expandable) && !thing.is(State::Expanded) {
        states.push("collapsed");
    }
    if is_control && !thing.is(State::Sensitive) {
        states.push("disabled");
    }
    for state in states {
        line.push_str(&format!(", {state}"));
    }
    line
}
