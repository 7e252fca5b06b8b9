/** The list of keys that "?" opens. `mod` stands for Ctrl, or on a Mac for Command. */
export const KEY_LIST: { title: string; keys: [keys: string[], what: string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [['mod K'], 'Commands and customers'],
      [['/'], 'To the find field, or into the trail’s search'],
      [['mod 1'], 'Find'],
      [['mod 2'], 'Live'],
      [['mod 3'], 'Inbox'],
      [['mod 4'], 'Trail'],
      [['mod ,'], 'Settings'],
      [['?'], 'This list'],
      [['Esc'], 'Close what is open'],
    ],
  },
  {
    title: 'In the session window',
    keys: [
      [['F6'], 'Between the bar and the portal'],
      [['Ctrl Shift E'], 'To “End session”'],
    ],
  },
  {
    title: 'In lists',
    keys: [
      [['↑', '↓'], 'Choose'],
      [['Enter'], 'Open what is chosen'],
    ],
  },
  {
    title: 'In a request that waits for you',
    keys: [
      [['A'], 'Approve: first shows what you would sign'],
      [['D'], 'Deny: first asks why'],
    ],
  },
  {
    title: 'In a break-glass that waits for your review',
    keys: [
      [['J'], 'Justified: first asks what you found'],
      [['N'], 'Not justified: the same'],
    ],
  },
  {
    title: 'Where you write',
    keys: [[['mod Enter'], 'Start, sign, or send what you wrote']],
  },
];

export const KEYS = { title: 'Keys', close: 'Close', show: 'Show all keys', off: '(off in your settings)' } as const;
