import { afterAll, describe, expect, test } from 'vitest';
import { checkedEcho } from '../support/checked-echo.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { carriers, net, startWorld } from '../support/world.ts';

afterAll(expectNoHandles);

describe.each(carriers)('the network, over %s', (carrier) => {
  test('thirty silent seconds cost an open connection nothing', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    using conversation = new Conversation(await forward.port());
    await conversation.echo('before');
    world.cluster.network.silence();
    const during = conversation.echo('during');
    world.clock.leap(30_000);
    world.cluster.network.deliver();
    await during;
  });

  test('a tunnel never shows ready while the network is silent, and a client that connects then is served later', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':banner'] });
    await forward.events.state('ready');
    const port = await forward.port();
    const before = forward.now;
    world.cluster.network.silence();
    world.clock.leap(120_000);
    await forward.events.state('waiting', before);
    const { line } = await waitingClient(port);
    world.cluster.network.deliver();
    expect(await line).toBe('hello from net-0');
    await forward.events.readyWith(world.uid(), before);
  });

  test('a pod that was replaced during a silence is known after it', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':identity'] });
    await forward.events.readyWith(world.uid());
    const port = await forward.port();
    const old = world.uid();
    world.cluster.network.silence();
    world.cluster.pods.delete(net);
    const { metadata } = await world.cluster.pods.until(net, (pod) => pod.metadata.uid !== old);
    world.clock.leap(120_000);
    const { line } = await waitingClient(port);
    world.cluster.network.deliver();
    expect(await line).toBe(`net-0 ${metadata.uid}`);
    await forward.events.readyWith(metadata.uid);
  });

  test('while the network is down clients wait, and are served when it is back', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':banner'] });
    await forward.events.state('ready');
    const port = await forward.port();
    const before = forward.now;
    const back = world.cluster.network.down(60_000);
    const { state } = await forward.events.state('waiting', before);
    expect(state).toMatchObject({
      reason: { code: expect.stringMatching(/^SP-(API-UNREACHABLE|SESSION-LOST)$/) },
    });
    const clients = await Promise.all(Array.from({ length: 20 }, () => waitingClient(port)));
    world.clusterClock.leap(60_000);
    await back;
    for (const { line } of clients) expect(await line).toBe('hello from net-0');
    await forward.events.state('ready', before);
  });

  test('an API server that is away at the start is waited for', async () => {
    await using world = await startWorld({ carrier });
    const back = world.cluster.network.down(60_000);
    const forward = world.forward({ target: 'pod/net-0', ports: [':7012'], patient: false });
    const { state } = await forward.events.state('connecting');
    expect(state.kind).toBe('connecting');
    world.clusterClock.leap(60_000);
    await back;
    expect((await readLine(await forward.port())).text).toBe('hello from net-0');
  });

  test('connections are refused to nobody while every connection to the API server is reset again and again', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':banner'] });
    const port = await forward.port();
    await using load = new Load(4, () => readLine(port));
    for (let round = 0; round < 5; round++) {
      await load.more(8);
      world.cluster.network.reset();
    }
    await load.more(8);
    await load.finish();
    expect(load.failures).toEqual([]);
  });

  test('a slow network slows, and changes nothing else', async () => {
    await using world = await startWorld({ carrier });
    world.cluster.network.delay(20);
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    const port = await forward.port();
    const echoes = await Promise.all(Array.from({ length: 8 }, () => checkedEcho(port, 128 * 1024)));
    expect(echoes.map(({ outcome }) => outcome)).toEqual(Array(8).fill('whole'));
  });
});
