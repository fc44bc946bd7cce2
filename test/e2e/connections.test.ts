import { once } from 'node:events';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { checkedEcho } from '../support/checked-echo.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { StalledReader } from '../support/stalled-reader.ts';
import { carriers, net, startWorld } from '../support/world.ts';

afterAll(expectNoHandles);

describe.each(carriers)('connections over %s', (carrier) => {
  test('a client that stops reading leaves the others untouched', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':chargen', ':echo'] });
    using _stalled = await StalledReader.open(await forward.port(0));
    const port = await forward.port(1);
    const echoes = await Promise.all(Array.from({ length: 8 }, () => checkedEcho(port, 256 * 1024)));
    expect(echoes.map(({ outcome }) => outcome)).toEqual(Array(8).fill('whole'));
  });

  test('bytes that the network holds back come whole when it lets them go', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    using conversation = new Conversation(await forward.port());
    await conversation.echo('before');
    world.cluster.sessions.stall(net, 'fromPod');
    const during = conversation.echo('during');
    world.cluster.sessions.resume(net);
    await during;
  });

  test('a pod that does not read makes its client wait, and loses nothing', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':sink'] });
    const client = connect(await forward.port(), '127.0.0.1');
    const sizeBytes = 32 << 20;
    const head = Buffer.alloc(8);
    head.writeBigUInt64BE(BigInt(sizeBytes));
    world.cluster.sessions.stall(net, 'toPod');
    client.write(head);
    const payload = Buffer.alloc(1 << 20);
    let sentBytes = 0;
    while (sentBytes < sizeBytes && client.writableLength === 0) {
      client.write(payload);
      sentBytes += payload.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Somewhere on the way its bytes have come to rest: buffers have limits.
    expect(sentBytes).toBeLessThan(sizeBytes);
    world.cluster.sessions.resume(net);
    for (; sentBytes < sizeBytes; sentBytes += payload.length) client.write(payload);
    const [answer] = await once(client, 'data');
    expect(String(answer)).toBe('ok\n');
    client.destroy();
  });

  test('an end that the pod sets comes after its last byte', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':identity'] });
    const client = connect(await forward.port(), '127.0.0.1');
    expect((await world.clusterClock.hurry(buffer(client))).toString()).toBe(`net-0 ${world.uid()}\n`);
    await forward.events.next('connection-end', ({ error }) => error === undefined);
  });

  test('a pod that resets one connection ends that one alone', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':reset', ':echo'] });
    using other = new Conversation(await forward.port(1));
    await other.echo('before');
    using cut = new Conversation(await forward.port(0));
    await world.clusterClock.hurry(cut.closed);
    const { error } = await forward.events.next('connection-end', ({ tunnel }) => tunnel === 0);
    expect(error?.code).toBe('SP-STREAM-RESET');
    await other.echo('after');
  });

  test('the connections of a session that is reset end, and the next is served', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    const port = await forward.port();
    using cut = new Conversation(port);
    await cut.echo('before');
    world.cluster.sessions.reset(net);
    await cut.closed;
    const { error } = await forward.events.next('connection-end');
    expect(error?.code).toBe('SP-SESSION-LOST');
    expect(await checkedEcho(port, 64 * 1024)).toMatchObject({ outcome: 'whole' });
  });

  test('a session whose other side ends its half is over, and the next connection is served', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    const port = await forward.port();
    using cut = new Conversation(port);
    await cut.echo('before');
    world.cluster.sessions.halfClose(net);
    await cut.closed;
    expect(await checkedEcho(port, 64 * 1024)).toMatchObject({ outcome: 'whole' });
  });

  test('bytes that break the protocol cost their own session, and the next connection is served', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    const port = await forward.port();
    using cut = new Conversation(port);
    await cut.echo('before');
    await world.cluster.sessions.sendMalformed(net);
    await cut.closed;
    const { error } = await forward.events.next('connection-end');
    expect(error?.code).toBe('SP-PROTOCOL');
    expect(await checkedEcho(port, 64 * 1024)).toMatchObject({ outcome: 'whole' });
  });

  test('two hundred connections at once are all served', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':banner'] });
    const port = await forward.port();
    const greetings = await Promise.all(Array.from({ length: 200 }, () => readLine(port)));
    expect(new Set(greetings.map(({ text }) => text))).toEqual(new Set(['hello from net-0']));
  });
});
