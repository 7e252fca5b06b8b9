import type { CommandName, Commands } from '../bindings/commands';
import type { ConsoleView } from '../bindings/ConsoleView';
import type { SessionWindowView } from '../bindings/SessionWindowView';
import { approvalAnswers } from './double/approvals';
import { barAnswers } from './double/bar';
import { findAnswers } from './double/find';
import { type Answers, Scripted } from './double/scripted';
import { sessionAnswers } from './double/session';
import { alarmAnswers } from './double/alarms';
import { settingsAnswers } from './double/settings';
import { signInAnswers } from './double/sign_in';
import { trailAnswers } from './double/trail';
import type { Host } from './host';
import { barScenes, consoleScenes } from './samples';

/** Scene from the address (`?scene=card`), else the given one. */
const scene = <T>(scenes: Record<string, T>, otherwise: T): T =>
  scenes[new URLSearchParams(location.search).get('scene') ?? ''] ?? otherwise;

function over<View>(host: Scripted<View>, answers: { [Name in CommandName]?: (args: Commands[Name]) => void }): Host<View> {
  return {
    onView: (callback) => host.onView(callback),
    async invoke(command, args) {
      answers[command]?.(args);
    },
  };
}

/** The console's path from the first run to the trail, played with the samples. It shows; it judges nothing. */
export function browserConsoleHost(): Host<ConsoleView> {
  const host = new Scripted<ConsoleView>(scene<ConsoleView>(consoleScenes, consoleScenes['signed-out']));
  // The type is the proof: a command without an answer does not compile.
  const answers: Answers<CommandName> = {
    ...signInAnswers(host),
    ...findAnswers(host),
    ...sessionAnswers(host),
    ...trailAnswers(host),
    ...settingsAnswers(host),
    ...alarmAnswers(host),
    ...approvalAnswers(host),
  };
  return over(host, answers);
}

export function browserBarHost(): Host<SessionWindowView> {
  const host = new Scripted<SessionWindowView>(scene(barScenes, barScenes.bar));
  return over(host, barAnswers(host));
}
