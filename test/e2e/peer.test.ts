import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { SocketControl } from '../../src/client/socket-control.ts';
import { errorText } from '../../src/contract/error-codes.ts';
import { tunnelOnce, useMachine } from '../support/daemon-fixture.ts';
import { Conversation } from '../support/line-client.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { connectAs, mayBeOtherUser, otherUid, outputOf } from '../support/other-user.ts';
import { net, startWorld } from '../support/world.ts';

const isLinux = process.platform === 'linux';
const ownUid = process.geteuid?.() ?? -1;
const node = realpathSync(process.execPath);

afterAll(expectNoHandles);

describe.runIf(isLinux)('a tunnel of the daemon', () => {
  const machine = useMachine();

  async function up(
    rest: { onDemand?: boolean; policy?: object } = {},
  ): Promise<{ control: SocketControl; port: number }> {
    const { home, sandbox, stack } = machine;
    const profile = {
      cluster: { server: sandbox.server },
      namespace: 'default',
      target: 'statefulset/net/0',
      port: 'echo',
      ...rest,
    };
    await home.writeProfiles({ profiles: { net: profile } });
    stack.use(await home.start());
    const control = stack.use(home.control());
    if (rest.onDemand) {
      // It listens from the start; asking for it would wake it.
      const { tunnels } = await control.call('tunnels', {});
      return { control, port: tunnels[0]!.localPort! };
    }
    const { outcomes } = await control.call('up', { names: ['net'], waitMs: 20_000 });
    return { control, port: outcomes[0]!.tunnel!.localPort! };
  }

  /** The first live connection once its process is known. */
  async function knownPeer(control: SocketControl) {
    for (;;) {
      const { connections } = await control.call('tunnel', { name: 'net' });
      if (connections[0]?.peer?.process) return connections[0].peer;
    }
  }

  it.runIf(mayBeOtherUser)('refuses another user before the pod hears of it, and records that', async () => {
    const { control, port } = await up();
    expect(await outputOf(connectAs(otherUid, port))).toBe('');
    const { tunnel, connections } = await control.call('tunnel', { name: 'net' });
    expect(connections).toEqual([]);
    expect(tunnel.traffic).toMatchObject({ served: 0, failed: 1, sentBytes: 0 });
    expect(tunnel.lastError?.error).toEqual({ code: 'SP-PEER-DENIED', details: { uid: otherUid } });
    const { lines } = await control.call('logs', { name: 'net' });
    expect(lines.filter(({ event }) => event === 'client denied')).toMatchObject([
      { level: 'warn', fields: { address: '127.0.0.1', code: 'SP-PEER-DENIED', uid: otherUid } },
    ]);
    expect(machine.sandbox.controls.sessions.connections(net)).toBe(0);
    using conversation = new Conversation(port);
    await conversation.echo('the user is served all the same');
  });

  it('says which process has a connection', async () => {
    const { control, port } = await up();
    using conversation = new Conversation(port);
    await conversation.echo('hello');
    expect(await knownPeer(control)).toMatchObject({
      uid: ownUid,
      process: { pid: process.pid, program: node },
    });
  });

  it.runIf(mayBeOtherUser)('is not woken by another user', async () => {
    const { control, port } = await up({ onDemand: true });
    expect(await outputOf(connectAs(otherUid, port))).toBe('');
    const { tunnel } = await control.call('tunnel', { name: 'net' });
    expect([tunnel.shown, tunnel.cluster]).toEqual(['off', undefined]);
    using conversation = new Conversation(port);
    await conversation.echo('wake up');
    await tunnelOnce(control, 'user/net', ({ shown }) => shown === 'ready');
  });

  it('admits the programs of its policy alone', async () => {
    const { control, port } = await up({ policy: { programs: [node] } });
    using conversation = new Conversation(port);
    await conversation.echo('this is node');
    const bash = connectAs(ownUid, port);
    expect(await outputOf(bash)).toBe('');
    const { tunnel } = await control.call('tunnel', { name: 'net' });
    expect(tunnel.lastError?.error).toEqual({
      code: 'SP-PEER-DENIED',
      details: { uid: ownUid, pid: bash.pid, program: realpathSync('/bin/bash') },
    });
  });

  it('counts only who is admitted against the policy’s limit', async () => {
    const { control, port } = await up({ policy: { maxConnections: 1 } });
    if (mayBeOtherUser) await outputOf(connectAs(otherUid, port));
    const first = new Conversation(port);
    await first.echo('first');
    expect(await outputOf(connectAs(ownUid, port))).toBe('');
    const { tunnel } = await control.call('tunnel', { name: 'net' });
    expect(tunnel.lastError?.error).toEqual({ code: 'SP-CONNECTION-LIMIT', details: { limit: 1 } });
    first[Symbol.dispose]();
    await tunnelOnce(control, 'user/net', ({ connections }) => connections === 0);
    using second = new Conversation(port);
    await second.echo('second');
  });
});

describe.runIf(mayBeOtherUser)('forward', () => {
  it('refuses another user and says how to let them in', async () => {
    await using world = await startWorld();
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    const port = await forward.port();
    expect(await outputOf(connectAs(otherUid, port))).toBe('');
    const { error } = await forward.events.next('connection-denied');
    expect(error).toMatchObject({ code: 'SP-PEER-DENIED', details: { uid: otherUid } });
    expect(error.details.next).toContain('--any-user');
    using conversation = new Conversation(port);
    await conversation.echo('hello');
    expect(await forward.events.next('connection-start')).toMatchObject({ peer: { uid: ownUid } });
  });

  it('admits every user where it is told to', async () => {
    await using world = await startWorld();
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'], anyUser: true });
    const child = connectAs(otherUid, await forward.port());
    const [line] = await once(child.stdout!, 'data');
    expect(String(line)).toBe('hello\n');
    expect(await forward.events.next('connection-start')).toMatchObject({ peer: { uid: otherUid } });
    child.kill('SIGKILL');
    await once(child, 'close');
  });
});

describe.runIf(isLinux)('a client that connects, writes and closes at once', () => {
  /** Gone before the loop of this process sees it. */
  const strike = (port: number) =>
    spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; echo strike >&3`]);

  it('is refused in words of its own, which say how to be let in', async () => {
    await using world = await startWorld();
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    strike(await forward.port());
    const { error } = await forward.events.next('connection-denied');
    expect(error).toMatchObject({ code: 'SP-PEER-UNKNOWN', details: { reason: 'gone' } });
    const { headline, next } = errorText(error);
    expect(headline).toContain('it closed before it could be told whose it is');
    expect(next).toContain('--any-user lets everybody in');
  });

  it('is served where every user may connect', async () => {
    await using world = await startWorld();
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'], anyUser: true });
    const port = await forward.port();
    await forward.events.state('ready');
    strike(port);
    expect(await forward.events.next('connection-end')).toMatchObject({ sentBytes: 'strike\n'.length });
  });
});
