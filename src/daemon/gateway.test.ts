import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { PeerProcess } from '../contract/peer.ts';
import type { Profile } from '../contract/profile.ts';
import { LocalTls } from '../postgres/local-tls.ts';
import { Received, socketPair } from '../postgres/socket-pair.fixture.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { MemoryKeychain } from '../secret/memory-keychain.ts';
import type { PodDial } from '../tunnel/intermediary.ts';
import { type GatewayHost, TunnelGateway } from './gateway.ts';
import { GatewayPasswords } from './gateway-passwords.ts';
import { profileDefinition } from './tunnel-definition.ts';

const psql = '/usr/lib/postgresql/15/bin/psql';
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const startup = Buffer.from('\0\0\0\x12\0\x03\0\0user\0app\0\0', 'latin1');
const profile: Profile = {
  cluster: { context: 'prod' },
  namespace: 'data',
  target: 'sts/postgres/0',
  port: 5432,
  kind: 'postgres',
  connection: { user: 'app', password: { keychain: true } },
};
const program = (path: string): PeerProcess => ({ pid: 7, program: path, command: 'psql' });

/** A client of a tunnel's gateway, served as the tunnel would; `dial` is called once it is let in. */
async function setUp({
  policy,
  process,
  local,
  tlsOf = () => Promise.reject(new AppError('SP-PASSPHRASE-REQUIRED')),
}: {
  policy?: Profile['policy'];
  /** What is found of its process; `unknown`: not even whose it is. */
  process?: PeerProcess | 'unknown' | undefined;
  local?: Profile['local'];
  tlsOf?: GatewayHost['localAuthority']['tlsOf'];
} = {}) {
  const clock = new FakeClock();
  const whole = { ...profile, ...(policy && { policy }), ...(local && { local }) };
  const definition = profileDefinition({
    id: 'user/orders-db',
    name: 'orders-db',
    source: 'user',
    sourceKind: 'user',
    file: '/f',
    line: 1,
    profile: whole,
    written: whole,
    trust: { kind: 'own' },
    hash: 'h',
  });
  const gatewayPasswords = new GatewayPasswords({ keychain: new MemoryKeychain(), clock, log: silentLog });
  const gateway = new TunnelGateway({
    host: {
      clock,
      gatewayPasswords,
      localAuthority: { tlsOf },
      passwords: { find: async () => ({ kind: 'none' }) },
      certificates: { authority: async () => undefined, client: async () => undefined },
    },
    definition,
    log: silentLog,
    onSession: () => {},
    onNotice: () => {},
    onOtherRole: () => false,
    onRole: () => {},
  });
  const { client, server } = await socketPair();
  const dial = vi.fn<PodDial>(() => Promise.reject(new AppError('SP-HOLD-TIMEOUT')));
  const peer = process === 'unknown' ? undefined : { uid: 1000, process: async () => process };
  gateway.serve(server, { connection: 1, dial, peer });
  return { client, received: new Received(client), dial };
}

describe('TunnelGateway', () => {
  it('asks a program of the list for no password', async () => {
    const { client, received } = await setUp({
      policy: { passwordless: ['/x', psql] },
      process: program(psql),
    });
    client.write(startup);
    // Let in, and told that there is nothing to log in with at the database.
    const { type, body } = await received.message();
    expect(type).toBe('E');
    expect(String(body)).not.toContain('password authentication failed');
  });

  it.each([
    ['another program', program('/usr/bin/psql'), [psql]],
    ['one whose file was replaced', program(`${psql} (deleted)`), [psql]],
    ['one whose executable may not be read', { pid: 7, command: 'psql' }, [psql]],
    ['one that is gone', undefined, [psql]],
    ['one of which nothing is known', 'unknown' as const, [psql]],
    ['every program without a list', program(psql), undefined],
  ])('asks %s for it', async (_who, process, passwordless) => {
    const { client, received, dial } = await setUp({ policy: passwordless && { passwordless }, process });
    client.write(startup);
    const { type, body } = await received.message();
    expect([type, body.readInt32BE(0)]).toEqual(['R', 10]);
    expect(dial).not.toHaveBeenCalled();
  });

  it('offers TLS for the address of its tunnel, and says no where the authority is locked', async () => {
    const { server: issued } = issueCertificates(['127.0.0.2']);
    const tlsOf = vi.fn(async () => new LocalTls({ chain: issued.cert, key: new Secret(issued.key) }));
    const offered = await setUp({ tlsOf, local: { address: '127.0.0.2', port: 5433 } });
    offered.client.write(sslRequest);
    expect(String(await offered.received.bytes(1))).toBe('S');
    expect(tlsOf).toHaveBeenCalledWith(['127.0.0.2']);
    const locked = await setUp();
    locked.client.write(sslRequest);
    expect(String(await locked.received.bytes(1))).toBe('N');
    locked.client.write(startup);
    expect((await locked.received.message()).type).toBe('R');
  });
});
