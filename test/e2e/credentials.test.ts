import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { Conversation, readLine } from '../support/line-client.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { net, startWorld } from '../support/world.ts';

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

test('the state says that a credential plugin is asked, for as long as it takes', async () => {
  await using world = await startWorld();
  const token = world.cluster.tokens.issue({ user: 'dev', groups: [] });
  const asked = Promise.withResolvers<Socket>();
  // Stands for the person whom the plugin asks.
  const person = createServer((socket) => asked.resolve(socket)).listen(0, '127.0.0.1');
  await once(person, 'listening');
  const script = `require('node:net').connect(${(person.address() as AddressInfo).port}).once('data', (token) => {
    const status = { token: String(token) };
    console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status }));
    process.exit();
  })`;
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
    command: process.execPath,
    args: ['-e', script],
  };
  const forward = world.forward({ ...toIdentity, kubeconfig: await world.kubeconfig({ exec }) });
  const socket = await asked.promise;
  await forward.events.next(
    'state',
    ({ state }) => state.kind === 'connecting' && state.step === 'credentials',
  );
  const before = forward.now;
  socket.end(token);
  await forward.events.state('ready', before);
  await new Promise((resolve) => person.close(resolve));
});

test('a kubeconfig that leads to another cluster is followed there, though its versions are older', async () => {
  await using one = await startWorld();
  await using two = await startWorld();
  for (let turn = 0; turn < 6; turn++) {
    const old = one.uid();
    one.cluster.pods.delete(net);
    await one.clusterClock.hurry(one.cluster.pods.until(net, ({ metadata }) => metadata.uid !== old));
  }
  const kubeconfig = await one.file('moved', await readFile(one.sandbox.kubeconfigPath, 'utf8'));
  const forward = one.forward({ target: 'pod/net-0', ports: [':identity'], kubeconfig });
  await forward.events.readyWith(one.uid());
  const before = forward.now;
  await one.file('moved', await readFile(two.sandbox.kubeconfigPath, 'utf8'));
  one.clock.leap(100);
  await forward.events.readyWith(two.uid(), before);
  expect((await readLine(await forward.port())).text).toBe(`net-0 ${two.uid()}`);
  await forward.stop();
});

test('a kubeconfig that names another user leaves no session of the former one in use', async () => {
  await using world = await startWorld({ allow: ({ user }) => user !== 'mallory' });
  const { tokens } = world.cluster;
  const kubeconfig = await world.kubeconfig({ token: tokens.issue({ user: 'alice', groups: [] }) });
  const forward = world.forward({ target: 'pod/net-0', ports: [':identity', ':echo'], kubeconfig });
  await forward.events.state('ready');
  using open = new Conversation(await forward.port(1));
  await open.echo('as alice');
  const before = forward.now;

  await world.kubeconfig({ token: tokens.issue({ user: 'mallory', groups: [] }) });
  await forward.events.trouble('SP-FORBIDDEN', before);
  const { line } = await waitingClient(await forward.port(0));
  let answered = false;
  line.then(
    () => (answered = true),
    () => {},
  );
  // What the former session could answer at once has come by then.
  await open.echo('still as alice');
  expect(answered).toBe(false);

  await world.kubeconfig({ token: tokens.issue({ user: 'bob', groups: [] }) });
  expect(await line).toBe(`net-0 ${world.uid()}`);
});
