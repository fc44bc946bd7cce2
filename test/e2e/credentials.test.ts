import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { startWorld } from '../support/world.ts';

afterAll(expectNoHandles);

const toIdentity = { target: 'service/net', ports: [':identity'] };

test('a credential plugin that fails runs once, and not again until a client waits', async () => {
  await using world = await startWorld();
  const token = world.cluster.tokens.issue({ user: 'dev', groups: [] });
  const answer = await world.file('answer', token);
  const script = `if (process.env.FORGET) process.exit();
    fs.appendFileSync(${JSON.stringify(`${answer}.runs`)}, 'x');
    const token = fs.readFileSync(${JSON.stringify(answer)}, 'utf8');
    if (token === '') { console.error('the session has ended'); process.exit(1); }
    console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token } }));`;
  const runs = async () => (await readFile(`${answer}.runs`, 'utf8')).length;
  const kubeconfig = await world.kubeconfig({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'IfAvailable',
      command: process.execPath,
      args: ['-e', script],
    },
  });
  const forward = world.forward({ ...toIdentity, kubeconfig });
  await forward.events.state('ready');
  expect(await runs()).toBe(1);
  const before = forward.now;

  await world.file('answer', '');
  world.cluster.tokens.expire(token);
  world.cluster.network.reset();
  const { shown } = await forward.events.trouble('SP-CREDENTIAL-PLUGIN', before);
  expect(shown).toBe('needs you');
  for (let minute = 0; minute < 3; minute++) {
    world.clock.leap(60_000);
    // What takes as long as a run would.
    await promisify(execFile)(process.execPath, ['-e', script], { env: { FORGET: 'yes' } });
  }
  expect(await runs()).toBe(2);

  await world.file('answer', world.cluster.tokens.issue({ user: 'dev', groups: [] }));
  const { line } = await waitingClient(await forward.port());
  expect(await line).toBe(`net-0 ${world.uid()}`);
  expect(await runs()).toBe(3);
});
