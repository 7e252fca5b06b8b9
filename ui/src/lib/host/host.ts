import type { Commands, CommandName } from '../bindings/commands';

/** What stands behind the page: the desktop shell, or in development and tests a double that runs in any browser. */
export interface Host<View> {
  /** Calls back with each snapshot, beginning with the present one. */
  onView(callback: (view: View) => void): void;
  /** Rejects if the command was not taken; what came of it arrives as a view. */
  invoke<Name extends CommandName>(command: Name, args: Commands[Name]): Promise<void>;
}
