import { afterAll, describe, expect, test } from 'vitest';
import type { Allow } from '../../src/sandbox/access.ts';
import { readLine } from '../support/line-client.ts';
import { netserverDeployment } from '../support/netserver-deployment.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { carriers, net, startWorld, type World } from '../support/world.ts';

afterAll(expectNoHandles);

const toIdentity = { target: 'pod/net-0', ports: [':identity'] };
const mayNotForward: Allow = (_identity, { subresource }) => subresource !== 'portforward';
const mayNotWatch: Allow = (_identity, { verb }) => verb !== 'watch';

describe.each(carriers)('the API server, over %s', (carrier) => {
  test('that does not take the credentials any more asks for a login, and takes the new ones by itself', async () => {
    await using world = await startWorld({ carrier });
    const token = issue(world);
    const kubeconfig = await world.kubeconfig({ token });
    const forward = world.forward({ ...toIdentity, kubeconfig });
    await forward.events.state('ready');
    const before = forward.now;

    world.cluster.tokens.expire(token);
    world.cluster.network.reset();
    const { shown } = await forward.events.trouble('SP-LOGIN-REQUIRED', before);
    expect(shown).toBe('needs you');
    const { line } = await waitingClient(await forward.port());
    await world.kubeconfig({ token: issue(world) });
    expect(await line).toBe(`net-0 ${world.uid()}`);
  });

  test('that does not take the credentials at the start is told at once, with exit code 4', async () => {
    await using world = await startWorld({ carrier });
    const kubeconfig = await world.kubeconfig({ token: 'never-issued' });
    const forward = world.forward({ ...toIdentity, kubeconfig, patient: false });
    expect(await forward.ended).toMatchObject({ code: 'SP-LOGIN-REQUIRED', exitCode: 4 });
  });

  test('that refuses a token which its file has replaced is asked again with the new one, and nobody is bothered', async () => {
    await using world = await startWorld({ carrier });
    const first = issue(world);
    const tokenFile = await world.file('token', first);
    const forward = world.forward({ ...toIdentity, kubeconfig: await world.kubeconfig({ tokenFile }) });
    await forward.events.state('ready');
    const port = await forward.port();
    const before = forward.now;

    await world.file('token', issue(world));
    world.cluster.tokens.expire(first);
    world.cluster.network.reset();
    expect((await readLine(port)).text).toBe(`net-0 ${world.uid()}`);
    expect(forward.events.all.slice(before)).not.toContainEqual(
      expect.objectContaining({ shown: 'needs you' }),
    );
  });

  test('that forbids at the start is told at once, with the rule that is missing', async () => {
    await using world = await startWorld({ carrier, allow: mayNotForward });
    const forward = world.forward({ ...toIdentity, patient: false });
    const error = await forward.ended;
    expect(error).toMatchObject({ code: 'SP-FORBIDDEN', exitCode: 5 });
    expect(error?.details).toMatchObject({
      user: 'sandbox-admin',
      resource: 'pods/portforward',
      namespace: 'default',
    });
    expect(error?.details.role).toContain('pods/portforward');
  });

  test('whose rules forbid it all of a sudden is told, and works again when they allow it', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward(toIdentity);
    await forward.events.state('ready');
    const before = forward.now;
    world.cluster.setAccess(mayNotForward);
    world.cluster.sessions.reset(net);
    const { shown } = await forward.events.trouble('SP-FORBIDDEN', before);
    expect(shown).toBe('needs you');

    const { line } = await waitingClient(await forward.port());
    world.cluster.setAccess(() => true);
    world.clock.leap(30_000);
    expect(await line).toBe(`net-0 ${world.uid()}`);
  });

  test('that lets nobody watch any more is asked from time to time, and the new pod is found', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward(toIdentity);
    await forward.events.state('ready');
    world.cluster.setAccess(mayNotWatch);
    world.cluster.closeWatches();
    const old = world.uid();
    world.cluster.pods.delete(net);
    await world.cluster.pods.until(net, (pod) => pod.metadata.uid !== old);
    await world.clock.hurry(forward.events.readyWith(world.uid()));
    expect((await readLine(await forward.port())).text).toBe(`net-0 ${world.uid()}`);
    expect(world.cluster.openWatches()).toBe(0);
  });

  test.each(['expire', 'close'] as const)('whose watches %s loses no news by it', async (how) => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ ...toIdentity, target: 'service/net' });
    await forward.events.readyWith(world.uid());
    const before = forward.now;
    const old = world.uid();
    if (how === 'expire') world.cluster.expireWatches();
    else world.cluster.closeWatches();
    world.cluster.pods.delete(net);
    await world.cluster.pods.until(net, (pod) => pod.metadata.uid !== old);
    await forward.events.readyWith(world.uid(), before);
    expect((await readLine(await forward.port())).text).toBe(`net-0 ${world.uid()}`);
  });

  test('that has forgotten what a watch missed is asked for all there is: a pod that vanished meanwhile is not kept', async () => {
    await using world = await startWorld({ carrier, manifest: [netserverDeployment] });
    const forward = world.forward({ ...toIdentity, target: 'app=net' });
    const { state } = await forward.events.state('ready');
    const gone = state.kind === 'ready' ? state.pod : undefined;
    const before = forward.now;
    // In one turn: no watch sees it go.
    world.cluster.expireWatches();
    world.cluster.store.remove('pods', { namespace: 'default', name: gone!.name });
    world.cluster.expireWatches();
    await forward.events.next(
      'state',
      (event) => event.state.kind === 'ready' && event.state.pod.uid !== gone!.uid,
      before,
    );
    expect((await readLine(await forward.port())).text).not.toContain(gone!.uid);
  });

  test('whose admission policy denies it is told apart from RBAC, and works when the policy is gone', async () => {
    await using world = await startWorld({ carrier });
    world.cluster.api.fail({ httpCode: 422, path: /\/portforward$/ });
    const forward = world.forward(toIdentity);
    const { shown, state } = await forward.events.trouble('SP-ADMISSION-DENIED');
    expect(shown).toBe('needs you');
    expect(JSON.stringify(state)).toContain('not in this namespace');

    const { line } = await waitingClient(await forward.port());
    world.cluster.api.restore();
    world.clock.leap(30_000);
    expect(await line).toBe(`net-0 ${world.uid()}`);
  });

  test.each([429, 503] as const)(
    'that answers %i to a dial is tried again, and no client fails',
    async (httpCode) => {
      await using world = await startWorld({ carrier });
      world.cluster.api.fail({ httpCode, retryAfterSeconds: 1, count: 2, path: /\/portforward$/ });
      const forward = world.forward(toIdentity);
      const { state } = await forward.events.trouble('SP-API-ERROR');
      expect(state).toMatchObject({ reason: { details: { status: httpCode } } });
      expect((await readLine(await forward.port())).text).toBe(`net-0 ${world.uid()}`);
    },
  );

  test.each([429, 503] as const)(
    'that answers everything with %i for a while is waited for',
    async (httpCode) => {
      await using world = await startWorld({ carrier });
      world.cluster.api.fail({ httpCode, retryAfterSeconds: 1 });
      const forward = world.forward({ ...toIdentity, ports: [':7010'], patient: false });
      await forward.events.trouble('SP-API-ERROR');
      const { line } = await waitingClient(await forward.port());
      world.cluster.api.restore();
      expect(await line).toBe(`net-0 ${world.uid()}`);
    },
  );
});

const issue = (world: World) =>
  world.cluster.tokens.issue({ user: 'dev@example.com', groups: ['developers'] });
