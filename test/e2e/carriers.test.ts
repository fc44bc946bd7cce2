import { afterAll, describe, expect, test } from 'vitest';
import { refusals } from '../../src/sandbox/session-faults.ts';
import { readLine } from '../support/line-client.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { net, startWorld } from '../support/world.ts';

afterAll(expectNoHandles);

const toBanner = { target: 'pod/net-0', ports: [':banner'] };
const refusing = [refusals.upgradeRequired, refusals.proxyForbidden, refusals.portRequired];

describe.each(refusing)('where something on the way answers $httpCode "$text"', (refusal) => {
  test('to raw SPDY, the WebSocket tunnel is used and remembered', async () => {
    await using world = await startWorld();
    const { sessions } = world.cluster;
    sessions.refuseUpgrades('spdy', refusal);
    const forward = world.forward(toBanner);
    const port = await forward.port();
    expect((await readLine(port)).text).toBe('hello from net-0');

    // What was remembered is not asked again: with the tunnel closed too nothing is left.
    sessions.allowUpgrades();
    const before = upgrades(world.cluster.audit(), 'POST');
    sessions.reset(net);
    expect((await readLine(port)).text).toBe('hello from net-0');
    expect(upgrades(world.cluster.audit(), 'POST')).toBe(before);
  });

  test('to the WebSocket tunnel that worked before, raw SPDY is used again', async () => {
    await using world = await startWorld();
    const { sessions } = world.cluster;
    sessions.refuseUpgrades('spdy', refusal);
    const forward = world.forward(toBanner);
    const port = await forward.port();
    await readLine(port);
    sessions.allowUpgrades();
    sessions.refuseUpgrades('webSocket', refusal);
    sessions.reset(net);
    expect((await readLine(port)).text).toBe('hello from net-0');
  });

  test('to both carriers, the state says so and a client waits until one is let through', async () => {
    await using world = await startWorld();
    const { sessions } = world.cluster;
    sessions.refuseUpgrades('spdy', refusal);
    sessions.refuseUpgrades('webSocket', refusal);
    const forward = world.forward(toBanner);
    await forward.events.trouble('SP-UPGRADE-REFUSED');
    const { line } = await waitingClient(await forward.port());
    sessions.allowUpgrades();
    expect(await line).toBe('hello from net-0');
  });
});

test('a node that the API server cannot reach is waited for', async () => {
  await using world = await startWorld();
  const { sessions } = world.cluster;
  sessions.refuseUpgrades('spdy', refusals.badGateway);
  const forward = world.forward(toBanner);
  const { state } = await forward.events.trouble('SP-API-ERROR');
  expect(JSON.stringify(state)).toContain('error dialing backend');
  const { line } = await waitingClient(await forward.port());
  sessions.allowUpgrades();
  expect(await line).toBe('hello from net-0');
});

test.each([
  ['spdy', 'spdy'],
  ['websocket', 'webSocket'],
] as const)('a user who chose %s is not given the other carrier', async (carrier, refused) => {
  await using world = await startWorld({ carrier });
  world.cluster.sessions.refuseUpgrades(refused);
  const forward = world.forward(toBanner);
  await forward.events.trouble('SP-UPGRADE-REFUSED');
  const [wanted, other] = carrier === 'spdy' ? ['POST', 'GET'] : ['GET', 'POST'];
  expect(upgrades(world.cluster.audit(), wanted)).toBeGreaterThan(0);
  expect(upgrades(world.cluster.audit(), other)).toBe(0);
});

test('each session carries an Audit-ID of its own, which the API server has on record', async () => {
  await using world = await startWorld();
  const forward = world.forward(toBanner);
  const port = await forward.port();
  await Promise.all(Array.from({ length: 8 }, () => readLine(port)));
  const ids = world.cluster
    .audit()
    .filter(({ path }) => path.endsWith('/portforward'))
    .map(({ auditId }) => auditId);
  expect(ids.length).toBeGreaterThan(1);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
});

function upgrades(audit: readonly { method: string; path: string }[], method: string | undefined): number {
  return audit.filter((entry) => entry.method === method && entry.path.endsWith('/portforward')).length;
}
