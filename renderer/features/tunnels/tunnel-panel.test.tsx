// @vitest-environment jsdom
import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { FakeControl, fakePod, fakeTunnel } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { TunnelPanel } from './tunnel-panel.tsx';

const id = 'user/orders-db';
const superuser = 'the role app is a superuser';
const ready: Partial<TunnelEntity> = {
  wanted: 'on',
  shown: 'ready',
  state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 },
  notices: [superuser],
};

async function panelOf(
  given: Parameters<typeof fakeTunnel>[0],
  control = new FakeControl({ tunnels: [fakeTunnel(given)] }),
) {
  const asked: string[] = [];
  await renderInWindow(
    control,
    <TunnelPanel
      id={id}
      tab="now"
      onTab={() => {}}
      onClose={() => {}}
      onPrimary={(tunnel) => asked.push(tunnel)}
    />,
  );
  return asked;
}

const filled = () =>
  screen
    .getAllByRole('button')
    .filter(({ className }) => /\bbg-accent\b/.test(className) && !className.includes('rounded-r'))
    .map(({ textContent }) => textContent);

it.each([
  ['off', 'Connect'],
  ['paused', 'Resume'],
] as const)('offers first to bring up what is %s, as nothing answers at its port', async (shown, label) => {
  const asked = await panelOf({ shown, wanted: shown });
  expect(filled()).toEqual([label]);
  screen.getByRole('button', { name: label }).click();
  expect(asked).toEqual([id]);
});

it('offers to bring up one whose port is not known yet, and nothing to copy', async () => {
  await panelOf({ localPort: undefined });
  expect(filled()).toEqual(['Connect']);
  expect(screen.queryByRole('button', { name: /^Copy / })).toBeNull();
});

it('offers first to copy of one that is ready, and says what is told of it', async () => {
  await panelOf(ready);
  expect(filled()).toEqual(['Copy psql command']);
  screen.getByText(superuser);
});

it('tells nobody of the sandbox what only its profile could change', async () => {
  const sandbox = {
    kind: 'running',
    tunnel: id,
    pod: 'postgres-0',
    namespace: 'demo',
    kubeconfig: '/k',
    sinceMs: 0,
  } as const;
  const control = new FakeControl({ tunnels: [fakeTunnel(ready)], sandbox });
  await panelOf({}, control);
  expect(screen.queryByText(superuser)).toBeNull();
});

it('has its state read out when that changes, not with each second of it', async () => {
  const reason = { code: 'SP-POD-DELETED', details: { pod: 'postgres-0' } } as const;
  const waiting = fakeTunnel({
    wanted: 'on',
    shown: 'waiting',
    state: { kind: 'waiting', reason, sinceMs: 0 },
  });
  const control = new FakeControl({ tunnels: [waiting] });
  await renderInWindow(
    control,
    <TunnelPanel id={waiting.id} tab="now" onTab={() => {}} onClose={() => {}} onPrimary={() => {}} />,
  );
  const panel = within(screen.getByRole('region', { name: 'orders-db' }));
  const [state] = panel.getAllByRole('status');
  expect(state?.textContent).toBe('waiting');
  expect(state?.parentElement?.textContent).toMatch(/^waiting \d+ \S+$/);
});
