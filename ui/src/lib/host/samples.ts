import { alarmScenes } from './samples/alarms';
import { findScenes } from './samples/find';
import { firstRunScenes } from './samples/first_run';
import { inboxScenes } from './samples/inbox';
import { newsScenes } from './samples/news';
import { recordScenes } from './samples/record';
import { sessionScenes } from './samples/session';
import { settingsScenes } from './samples/settings';
import { trailScenes } from './samples/trail';

/** Every screen in each of its states, by name. */
export const consoleScenes = { ...firstRunScenes, ...findScenes, ...sessionScenes, ...trailScenes, ...recordScenes, ...settingsScenes, ...alarmScenes, ...inboxScenes, ...newsScenes };

export { barScenes, maskedFields } from './samples/bar';
export { amy, asLead, asSecurity, customers, emptyInbox, lead, sana, server, signedIn } from './samples/common';
export { options } from './samples/find';
export { given, own as ownRequests, reviews, toDecide } from './samples/inbox';
export { ended, session } from './samples/session';
export { devices, ownEvents } from './samples/settings';
export { events } from './samples/trail';
