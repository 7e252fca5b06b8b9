/** Where one can be in the console. */
export type Screen = 'find' | 'live' | 'inbox' | 'trail' | 'settings' | 'own_record' | 'devices' | 'record' | 'alarms';

/** What can stand over it. */
export type Over = 'palette' | 'keys' | 'stop' | 'lift';
