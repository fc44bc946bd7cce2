import { expect, it } from 'vitest';
import type { AuditStatus } from '../../../src/contract/audit-status.ts';
import { type DaemonStatus, daemonHealth, daemonWords } from './daemon-health.ts';

const wellAudit: AuditStatus = {
  folder: '/data/audit',
  state: { kind: 'writing' },
  key: { key: 'k', kept: { in: 'keychain' } },
  shippers: [{ name: 'siem', to: 'otlp', state: 'shipping', sent: 4, behind: 0, rejected: 0 }],
};

function status(audit?: Partial<AuditStatus>): DaemonStatus {
  return {
    version: '1.2.3',
    pid: 42,
    startedAtMs: 0,
    residentBytes: 64 * 1024 * 1024,
    tunnelsUp: 1,
    clusters: [],
    subscribers: 1,
    socket: '/run/s',
    log: '/log',
    folders: { config: '/config', data: '/data', cache: '/cache', log: '/l' },
    audit: { ...wellAudit, ...audit },
  };
}

it('has nothing to say where all is well', () => {
  expect(daemonHealth(status())).toEqual([]);
  expect(daemonWords(status())).toBe('1.2.3 · pid 42 · 64.0 MiB');
});

it('says that the log cannot be written as the one error that shuts production tunnels', () => {
  const full = status({ state: { kind: 'unavailable', why: 'full', code: 'ENOSPC', sinceMs: 0 } });
  expect(daemonHealth(full)).toEqual([
    {
      kind: 'error',
      error: { code: 'SP-AUDIT-UNAVAILABLE', details: { folder: '/data/audit', code: 'ENOSPC', full: true } },
    },
  ]);
  expect(daemonWords(full)).toBe('the audit log cannot be written (ENOSPC)');
});

it('says of a key, a signature and each receiver why, and what to do', () => {
  const shippers: AuditStatus['shippers'] = [
    {
      name: 'a',
      to: 'syslog',
      state: 'waiting',
      sent: 1,
      behind: 3,
      rejected: 0,
      why: 'refused',
      sinceMs: 0,
    },
    { name: 'b', to: 'webhook', state: 'off', why: 'no such file' },
  ];
  const notes = daemonHealth(
    status({
      state: { kind: 'writing', unsigned: 'locked' },
      key: { key: 'k', kept: { in: 'memory', why: 'no bus' } },
      shippers,
    }),
  );
  expect(notes.map((note) => note.kind === 'note' && [note.what, note.why])).toEqual([
    ['The last lines of the audit log are not signed', 'locked'],
    ['The key that signs the audit log lasts for this run alone', 'no bus'],
    ['The receiver a is waiting, 3 lines behind', 'refused'],
    ['The receiver b is off', 'no such file'],
  ]);
  expect(daemonWords(status({ key: { key: 'k', kept: { in: 'memory' } }, shippers }))).toBe(
    'The key that signs the audit log lasts for this run alone · 2 more',
  );
});
