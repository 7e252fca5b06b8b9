import type { ConsoleView } from '../../bindings/ConsoleView';
import { type Answers, type Scripted, later } from './scripted';

/** Looking at alarms. */
export function alarmAnswers(host: Scripted<ConsoleView>): Answers<'acknowledge_alarm'> {
  return {
    acknowledge_alarm({ alarm }) {
      const action = { kind: 'acknowledge_alarm', target: alarm, error: null } as const;
      host.show({ action: { ...action, busy: true } });
      later(400, () => {
        const newest = host.view.alarms.newest.filter((one) => one.id !== alarm);
        host.show({ alarms: { open: host.view.alarms.open - 1, newest }, action: { ...action, busy: false } });
      });
    },
  };
}
