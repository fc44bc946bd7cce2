import { expect, it } from 'vitest';
import { operations } from '../contract/control.ts';
import { refuseFromPage } from './page-limits.ts';

const adHoc = { name: 'x', target: 'pod/x', port: 5432, kind: 'postgres' as const };

it.each([
  [{ local: { address: '0.0.0.0', port: 5432 } }, 'local.address'],
  [{ local: { socket: '/home/dev/.bashrc' } }, 'local.socket'],
  [{ connection: { ca: { file: '/etc/passwd' } } }, 'connection.ca.file'],
  [{ connection: { password: { file: '/etc/passwd' } } }, 'connection.password.file'],
  [{ connection: { password: { environment: 'HOME' } } }, 'connection.password.environment'],
])('a page may not ask for a tunnel with %j, as it may not write it into a profile', (part, path) => {
  const given = { ...adHoc, ...part };
  const inputs = [
    operations.up.input.parse({ adHoc: [adHoc, given] }),
    operations.check.input.parse({ adHoc: given }),
  ];
  for (const input of inputs) {
    expect(() => refuseFromPage(input)).toThrow(expect.objectContaining({ code: 'SP-PAGE-LIMIT' }));
    expect(() => refuseFromPage(input)).toThrow(path);
  }
});

it('what is beyond a page is told whole, as it would be written', () => {
  const profile = {
    cluster: { context: 'dev' },
    namespace: 'd',
    target: 'pod/x',
    port: 1,
    kind: 'postgres' as const,
    local: { address: '0.0.0.0', port: 5432 },
    connection: { password: { command: ['pass', 'show', 'a\u202eb'] } },
  };
  expect(() => refuseFromPage({ edit: { kind: 'add', name: 'x', profile } })).toThrow(
    expect.objectContaining({
      details: {
        profile: 'x',
        what: 'connection.password.command, local.address',
        value: 'connection.password.command: ["pass","show","a\u202eb"]\nlocal.address: "0.0.0.0"',
        next: 'sallyport profile edit x',
      },
    }),
  );
});

it('a page may ask for a tunnel on loopback, with credentials of the cluster', () => {
  const connection = { password: { secret: { name: 'db', key: 'password' } } };
  for (const local of [15_432, { address: '127.0.0.1', port: 15_432 }])
    refuseFromPage(operations.up.input.parse({ adHoc: [{ ...adHoc, local, connection }] }));
  refuseFromPage(operations.tunnels.input.parse({}));
});
