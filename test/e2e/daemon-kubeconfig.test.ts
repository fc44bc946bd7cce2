import { expect, it } from 'vitest';
import { firstLine, tunnelOnce, useMachine } from '../support/daemon-fixture.ts';

const machine = useMachine();

it('brings tunnels back by the kubeconfig that they came up with, also when who starts the daemon has no KUBECONFIG', async () => {
  const { home, sandbox } = machine;
  const net = { namespace: 'default', target: 'statefulset/net/0', port: 'identity' };
  await home.writeProfiles({ profiles: { net: { cluster: { server: sandbox.server }, ...net } } });
  const first = await home.start();
  {
    await using control = home.control();
    const adHoc = [{ name: 'other', ...net }];
    const { outcomes } = await control.call('up', { names: ['net'], adHoc, waitMs: 20_000 });
    expect(outcomes.map(({ tunnel }) => tunnel?.shown)).toEqual(['ready', 'ready']);
  }
  await first[Symbol.asyncDispose]();

  const { KUBECONFIG: _, ...env } = home.env;
  const second = await home.start({ env });
  machine.stack.defer(() => second[Symbol.asyncDispose]());
  const control = machine.stack.use(home.control());
  for (const id of ['user/net', 'ad-hoc/other']) {
    const tunnel = await tunnelOnce(control, id, ({ shown }) => shown === 'ready' || shown === 'needs you');
    expect(tunnel.state).toMatchObject({ kind: 'ready' });
    expect(await firstLine(tunnel.localPort!)).toContain('net-0');
  }
});
