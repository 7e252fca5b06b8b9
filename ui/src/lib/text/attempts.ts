import type { Attempt } from '../bindings/Attempt';

interface AttemptWords {
  /** For the trail. */
  name: string;
  /** For the bar, at the moment it is refused. */
  refused: string;
}

export const ATTEMPTS: Record<Attempt, AttemptWords> = {
  navigation: { name: 'Leaving the portal', refused: 'That link leads out of the portal.' },
  new_window: { name: 'Another window', refused: 'The page may not open another window.' },
  download: { name: 'Download', refused: 'This file may not be saved in this session.' },
  upload: { name: 'Upload', refused: 'Choosing files is off in this session.' },
  print: { name: 'Print', refused: 'Printing is off in this session.' },
  full_screen: { name: 'Full screen', refused: 'The page may not fill the screen.' },
  permission: { name: 'Device access', refused: 'The page may not use your devices.' },
  notification: { name: 'Notification', refused: 'The page may not notify you.' },
  script_dialog: { name: 'Dialog', refused: 'The page may not open dialogs.' },
  authentication: { name: 'Password prompt', refused: 'Something asked for a name and a password. It got none.' },
  invalid_certificate: { name: 'Invalid certificate', refused: 'The certificate is not valid, so nothing was sent.' },
  other_origin: { name: 'Other site', refused: 'The page tried to reach another site.' },
  close_window: { name: 'Closing the window', refused: 'The page may not close this window.' },
  context_menu: { name: 'Context menu', refused: 'The page’s context menu is off in this session.' },
  developer_tools: { name: 'Developer tools', refused: 'Developer tools are off in this session.' },
  clipboard: { name: 'Clipboard', refused: 'Nothing of the page went to the clipboard.' },
  drag_out: { name: 'Dragging out', refused: 'Nothing can be dragged out of the page.' },
};

export const noticeFor = (attempt: Attempt): string => `${ATTEMPTS[attempt].refused} It was recorded.`;
