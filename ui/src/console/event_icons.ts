import BellRing from '@lucide/svelte/icons/bell-ring';
import Siren from '@lucide/svelte/icons/siren';
import Ban from '@lucide/svelte/icons/ban';
import Circle from '@lucide/svelte/icons/circle';
import CircleStop from '@lucide/svelte/icons/circle-stop';
import Clock from '@lucide/svelte/icons/clock';
import Compass from '@lucide/svelte/icons/compass';
import CornerDownRight from '@lucide/svelte/icons/corner-down-right';
import DoorOpen from '@lucide/svelte/icons/door-open';
import Download from '@lucide/svelte/icons/download';
import Eraser from '@lucide/svelte/icons/eraser';
import Eye from '@lucide/svelte/icons/eye';
import EyeOff from '@lucide/svelte/icons/eye-off';
import FileDown from '@lucide/svelte/icons/file-down';
import FilePlus from '@lucide/svelte/icons/file-plus';
import FileText from '@lucide/svelte/icons/file-text';
import KeyRound from '@lucide/svelte/icons/key-round';
import ListChecks from '@lucide/svelte/icons/list-checks';
import LogIn from '@lucide/svelte/icons/log-in';
import LogOut from '@lucide/svelte/icons/log-out';
import AppWindow from '@lucide/svelte/icons/app-window';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import Gavel from '@lucide/svelte/icons/gavel';
import Hourglass from '@lucide/svelte/icons/hourglass';
import IdCard from '@lucide/svelte/icons/id-card';
import Link from '@lucide/svelte/icons/link';
import MonitorX from '@lucide/svelte/icons/monitor-x';
import OctagonX from '@lucide/svelte/icons/octagon-x';
import Scale from '@lucide/svelte/icons/scale';
import Send from '@lucide/svelte/icons/send';
import Stamp from '@lucide/svelte/icons/stamp';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Smartphone from '@lucide/svelte/icons/smartphone';
import Undo2 from '@lucide/svelte/icons/undo-2';
import UserCheck from '@lucide/svelte/icons/user-check';
import UserCog from '@lucide/svelte/icons/user-cog';
import UserPlus from '@lucide/svelte/icons/user-plus';
import UserX from '@lucide/svelte/icons/user-x';
import MessageSquare from '@lucide/svelte/icons/message-square';
import Pause from '@lucide/svelte/icons/pause';
import Play from '@lucide/svelte/icons/play';
import Puzzle from '@lucide/svelte/icons/puzzle';
import type { TrailEventView } from '../lib/bindings/TrailEventView';
import { lineKind, type LineKind } from '../lib/text/events';

type Icon = typeof Ban;

const ICONS: Record<LineKind, Icon> = {
  staff_signed_in: LogIn,
  sign_in_failed: Ban,
  staff_signed_out: LogOut,
  device_registered: KeyRound,
  device_revoked: MonitorX,
  staff_added: UserPlus,
  staff_role_changed: UserCog,
  staff_disabled: UserX,
  staff_enabled: UserPlus,
  password_changed: KeyRound,
  second_factor_set_up: Smartphone,
  second_factor_reset: Smartphone,
  provider_linked: Link,
  portal_disabled: Ban,
  portal_enabled: CircleCheck,
  portal_key_added: KeyRound,
  portal_key_revoked: KeyRound,
  portal_tested: ListChecks,
  emergency_stopped: OctagonX,
  emergency_stop_lifted: CircleCheck,
  card_viewed: IdCard,
  start_requested: Play,
  session_started: Play,
  session_refused: Ban,
  session_entered: DoorOpen,
  session_frozen: Pause,
  session_resumed: Play,
  session_extended: Clock,
  end_requested: CircleStop,
  session_ended: CircleStop,
  note_added: MessageSquare,
  window_opened: AppWindow,
  window_closed: AppWindow,
  page_viewed: FileText,
  file_downloaded: FileDown,
  foreign_code_loaded: Puzzle,
  resource: CornerDownRight,
  went_to: Compass,
  unmasked_page: Eye,
  field_unmasked: Eye,
  request_blocked: Ban,
  attempt_refused: Ban,
  curtain_drawn: EyeOff,
  curtain_lifted: Eye,
  audit_exported: Download,
  trail_exported: Download,
  signer_added: KeyRound,
  journal_replaced: FilePlus,
  journal_key_rotated: KeyRound,
  journal_tidied: Eraser,
  bodies_erased: Eraser,
  records_retired: Eraser,
  checkpoint_witnessed: Stamp,
  server_key_pinned: KeyRound,
  server_contradicted: TriangleAlert,
  chain_contradicted: TriangleAlert,
  device_head_noted: Stamp,
  session_mismatch: TriangleAlert,
  alarm_acknowledged: CircleCheck,
  journal_recovered: FilePlus,
  approval_requested: UserCheck,
  approval_decided: Gavel,
  approval_escalated: BellRing,
  approval_withdrawn: Undo2,
  approval_lapsed: Hourglass,
  approval_used: Play,
  break_glass_used: Siren,
  break_glass_reviewed: Gavel,
  write_sent: Send,
  write_answered: CircleCheck,
  policy_changed: Scale,
  policy_refused: TriangleAlert,
  rules_changed: Scale,
  rules_refused: TriangleAlert,
  unknown: Circle,
};

/** Of a kind alone. */
export const iconOf = (kind: string): Icon => (Object.hasOwn(ICONS, kind) ? (ICONS as Record<string, Icon>)[kind] ?? Circle : Circle);

export const eventIcon = (event: TrailEventView): Icon => (event.blocked ? Ban : ((ICONS as Record<string, Icon>)[lineKind(event)] ?? Circle));
