import Ban from '@lucide/svelte/icons/ban';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import Hourglass from '@lucide/svelte/icons/hourglass';
import Play from '@lucide/svelte/icons/play';
import TimerOff from '@lucide/svelte/icons/timer-off';
import Undo2 from '@lucide/svelte/icons/undo-2';
import type { RequestState } from '../../lib/bindings/RequestState';

export const STATE_ICONS: Record<RequestState, typeof Ban> = {
  pending: Hourglass,
  approved: CircleCheck,
  used: Play,
  denied: Ban,
  withdrawn: Undo2,
  lapsed: TimerOff,
};
