/** Words of the palette. */
export const PALETTE = {
  title: 'Commands and customers',
  hint: 'Type a customer or a command',
  commands: 'Commands',
  customers: 'Customers',
  recent: 'Looked at lately',
  searching: 'Searching for customers',
  failed: 'Customers could not be searched.',
  offline: 'Customers can be found again once the server is reached.',
  nobody: 'No customer matches.',
  goTo: 'Go to',
  showWindow: 'Show the session window',
  keys: 'Show all keys',
  light: 'Light look',
  dark: 'Dark look',
  system: 'Look as the desktop has it',
  larger: 'Larger text',
  smaller: 'Smaller text',
  stop: 'Stop everything',
  lift: 'Lift the emergency stop',
  choose: 'choose',
  open: 'open',
  close: 'close',
} as const;

export const findWords = (text: string): string => `Find customers matching “${text}”`;
export const portalStopWords = (portal: string): string => `Stop ${portal}`;
export const portalLiftWords = (portal: string): string => `Let ${portal} go on`;
export const endWords = (customer: string): string => `End the session with ${customer}`;
