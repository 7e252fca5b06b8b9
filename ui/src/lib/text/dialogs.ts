/** What dialogs that ask for a reason have in common. */
export const DIALOGS = {
  reason: 'Why',
  reasonHint: 'At least 10 characters. It stands in the record with your name.',
  reasonTooShort: 'Say it in at least 10 characters. What you wrote is still here.',
  cancel: 'Cancel',
  busy: 'Working',
} as const;
