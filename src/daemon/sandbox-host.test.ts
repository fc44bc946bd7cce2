import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { silentLog } from '../base/log.ts';
import type { SandboxMessage, SandboxStatus } from '../contract/control-sandbox.ts';
import { forgetFormerSandbox, SandboxHost } from './sandbox-host.ts';
import type { WantedTunnel } from './wanted-file.ts';

afterAll(expectNoHandles);

const id = 'ad-hoc/sandbox';

function wantedWith(kubeconfig: string | undefined) {
  const adHoc = { name: 'sandbox', target: 'statefulset/postgres/0', port: 5432, kubeconfig };
  const record: WantedTunnel = { id, wanted: 'on', adHoc };
  const dropped: string[] = [];
  const tunnels = new Map([[id, record]]);
  return { tunnels, dropped, drop: async (name: string) => void dropped.push(name) };
}

test('forgets the tunnel that a killed daemon left of its sandbox, and none that still leads somewhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-host-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  const gone = wantedWith(kubeconfig);
  await forgetFormerSandbox(gone);
  expect(gone.dropped).toEqual([id]);

  await writeFile(kubeconfig, '');
  for (const wanted of [wantedWith(kubeconfig), wantedWith(undefined)]) {
    await forgetFormerSandbox(wanted);
    expect(wanted.dropped).toEqual([]);
  }
});

/** A sandbox that a shell script stands for, and tunnels that come up when `up` resolves. */
function hosted(script: string, { up = async () => {}, kubeconfig = '/sandbox/kubeconfig' } = {}) {
  const known = new Map<string, string | undefined>();
  const told: SandboxStatus[] = [];
  const answer = async () => ({ outcomes: [{ name: id }] });
  const host = new SandboxHost({
    command: ['/bin/sh', '-c', `${script}\ncat > /dev/null`],
    env: { ...process.env, READY: JSON.stringify(readyMessage(kubeconfig)) },
    clock: new FakeClock(),
    log: silentLog,
    tunnels: {
      get: (name) => {
        const access = { kind: 'context', kubeconfig: known.get(name) };
        return known.has(name) ? ({ definition: { access } } as never) : undefined;
      },
      up: async ({ adHoc }) => {
        await up();
        known.set(id, adHoc[0]!.kubeconfig);
        return answer();
      },
      down: async () => {
        known.delete(id);
        return answer();
      },
    },
    changed: (status) => void told.push(status),
  });
  onTestFinished(() => host.stop());
  return { host, known, told };
}

const readyMessage = (kubeconfig: string): SandboxMessage => ({
  kind: 'ready',
  kubeconfig,
  namespace: 'demo',
  pod: 'postgres-0',
  target: 'statefulset/postgres/0',
  port: 5432,
  user: 'app',
  database: 'orders',
  secret: { name: 'postgres', key: 'password' },
});
const sayReady = 'echo "$READY"';

test('one that is stopped while it starts is off, without a word of what it did not become', async () => {
  const { host, told } = hosted('');
  const started = host.start();
  await nextTurn();
  await Promise.all([host.stop(), expect(started).rejects.toMatchObject({ code: 'SP-SANDBOX-START' })]);
  expect(told.map(({ kind }) => kind)).toEqual(['starting', 'stopping', 'off']);
  expect(host.status).toEqual({ kind: 'off' });
});

test('one that is stopped while its tunnel comes up leaves none behind', async () => {
  const asked = Promise.withResolvers<void>();
  const may = Promise.withResolvers<void>();
  const up = () => {
    asked.resolve();
    return may.promise;
  };
  const { host, known } = hosted(sayReady, { up });
  const started = host.start();
  await asked.promise;
  const stopped = host.stop();
  may.resolve();
  await Promise.all([stopped, expect(started).rejects.toMatchObject({ code: 'SP-SANDBOX-START' })]);
  expect([...known]).toEqual([]);
  expect(host.status).toEqual({ kind: 'off' });
});

test('one that ends while its tunnel comes up does not run, and leaves no tunnel', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-host-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const pidFile = join(folder, 'pid');
  const up = async () => {
    const pid = Number(await readFile(pidFile, 'utf8'));
    while (isThere(pid)) await nextTurn();
    // Its end is told by now.
    await nextTurn();
  };
  const { host, known } = hosted(`echo $$ > ${pidFile}; ${sayReady}; exit 3`, { up });
  await expect(host.start()).rejects.toMatchObject({ code: 'SP-SANDBOX-START' });
  expect(host.status).toMatchObject({ kind: 'off', error: { code: 'SP-SANDBOX-START' } });
  expect([...known]).toEqual([]);
});

test('a tunnel of that name that is not its own stays up', async () => {
  const { host, known } = hosted('');
  known.set(id, undefined);
  const started = host.start();
  await nextTurn();
  await Promise.all([host.stop(), expect(started).rejects.toThrow()]);
  expect([...known.keys()]).toEqual([id]);
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
