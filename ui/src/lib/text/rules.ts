/** Why the gateway stopped a request, by the rule on its record. */
const RULES: Record<string, string> = {
  'read-only-method': 'The session was read-only, and this could have changed something.',
  'unlisted-write': 'This change is not among those that sessions may make in this portal.',
  'read-only-operation': 'The session was read-only, and this operation could have changed something.',
  'unlisted-operation': 'This operation is not among those that sessions may carry out in this portal.',
  'operation-unreadable': 'What it asked for could not be read, so it could have been a change.',
  'unknown-operation': 'It asked for an operation that the portal’s rules do not know.',
  'read-write-not-declared': 'What must never be changed in this portal is not described in full yet.',
  'upgrade-refused': 'It asked for a connection in which single steps can’t be judged.',
  'unlisted-message': 'This message is not among those that a page may send to this portal in a session.',
  'message-unreadable': 'What a page sent could not be read, so it could have been a change.',
  'too-many-messages': 'A page sent more messages in a minute than are passed on.',
  'too-many-sockets': 'A page wanted more connections open at once than a session may have.',
  'content-broken': 'What a page sent broke off or had no end, so the portal did not get the whole of it.',
  'transfer-coding': 'It was packed in a way in which it can’t be judged.',
  'connect-refused': 'It asked for a connection in which single steps can’t be judged.',
  'method-override': 'It looked like reading and asked to be taken for a change.',
  'body-on-read': 'It looked like reading and carried what could have changed something.',
  'never-password': 'Passwords are never changed in a session.',
  'never-mfa': 'Second factors are never changed in a session.',
  'never-email-change': 'E-mail addresses are never changed in a session.',
  'never-account-deletion': 'Accounts are never closed in a session.',
  'never-oauth-consent': 'Other programs are never given access in a session.',
  'never-api-key': 'Keys and tokens are never made or removed in a session.',
  'never-legal-consent': 'Agreements are never accepted or withdrawn in a session.',
  'download-refused': 'Downloads are off in sessions, but for files that this portal’s rules list.',
  'download-not-permitted': 'This portal’s rules list the file, and the policy does not let this person keep it.',
  'download-too-long': 'The file was longer than this portal’s rules let a session keep.',
  'redirect-elsewhere': 'The portal’s answer led out of the portal.',
  'other-site': 'Another site asked for it, not a page of the portal.',
  'origin-unsaid': 'It did not say which page it came from.',
  'service-worker': 'Pages may install nothing that would outlive the session.',
  'other-portal': 'The session belongs to another portal.',
};

const MISLEADING = 'Its address was written so that it could be taken for another one.';
const OF_THE_PORTAL = 'A rule that this portal’s owner wrote stopped it.';
const NEVER = 'This is never done in a session.';

/** A rule of a newer server is explained by its kind; any other is one that a portal’s owner wrote. */
export function ruleWords(rule: string): string {
  const known = Object.hasOwn(RULES, rule) ? RULES[rule] : undefined;
  if (known !== undefined) return known;
  if (rule.startsWith('path-') || rule.startsWith('target-')) return MISLEADING;
  return rule.startsWith('never-') ? NEVER : OF_THE_PORTAL;
}
