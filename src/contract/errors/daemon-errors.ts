import { type ErrorEntry, nothing, say } from './error-entry.ts';

/** Of the daemon, its files and its records. */
export const daemonErrors = {
  'SP-DAEMON-NOT-RUNNING': {
    retry: 'user',
    exitCode: 9,
    headline: () => 'the Sallyport daemon is not running',
    next: () => 'sallyport daemon',
  },
  'SP-DAEMON-START': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the Sallyport daemon did not start: ${say(d.message, 'it did not answer')}`,
    next: (d) => say(d.next, 'run `sallyport daemon` to see why'),
  },
  'SP-DAEMON-RUNNING': {
    retry: 'never',
    exitCode: 9,
    headline: (d) =>
      `a Sallyport daemon runs already (pid ${say(d.pid, 'unknown')}${d.version ? `, version ${d.version}` : ''})`,
    next: () => 'sallyport daemon stop ends it',
  },
  'SP-DAEMON-VERSION': {
    retry: 'user',
    exitCode: 9,
    headline: (d) =>
      `the daemon is version ${say(d.daemon, 'unknown')}, this program ${say(d.client, 'unknown')}: they cannot talk`,
    next: () => 'sallyport daemon restart; what is wanted comes back on the same ports',
  },
  'SP-DAEMON-LOST': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => `the daemon did not answer: ${say(d.message, 'the connection ended')}`,
    next: (d) => say(d.next, ''),
  },
  'SP-DAEMON-STOPPING': {
    retry: 'auto',
    exitCode: 9,
    headline: () => 'the daemon is about to end',
    next: nothing,
  },
  'SP-DAEMON-INSTALL': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the daemon cannot be installed: ${say(d.message, 'this platform is not known')}`,
    next: (d) => say(d.next, 'start `sallyport daemon` yourself at login'),
  },
  'SP-AUDIT-UNAVAILABLE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) =>
      `${d.tunnel ? `${d.tunnel} is a production tunnel, and ` : ''}the audit log cannot be written${d.code ? ` (${d.code})` : ''}`,
    next: (d) =>
      `${d.full ? 'free space' : 'see who may write'} in ${say(d.folder, "the daemon's data folder")}`,
  },
  'SP-AUDIT-ABSENT': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => say(d.message, 'there is no such audit log or line'),
    next: () => 'sallyport audit list',
  },
  'SP-AUDIT-BROKEN': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `the audit log ${say(d.log, '')} is ${say(d.verdict, 'not what was written')}`,
    next: () => 'keep the files as they are, and ask whoever receives copies of them',
  },
  'SP-FOLDER-UNSAFE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `${say(d.path, 'a folder')} is not private: ${say(d.message, 'others may write to it')}`,
    next: (d) => say(d.next, 'make it yours alone (chmod go-w, chown)'),
  },
  'SP-STATE-UNWRITABLE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `${say(d.path, 'the state')} cannot be written: ${say(d.message, 'the disk refuses')}`,
    next: () => 'make room on the disk; until then what changes is forgotten when the daemon ends',
  },
  'SP-STATE-UNREADABLE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `${say(d.path, 'the state')} cannot be used: ${say(d.message, 'it is damaged')}`,
    next: (d) => say(d.next, 'move it away; then nothing is wanted'),
  },
} as const satisfies Record<string, ErrorEntry>;
