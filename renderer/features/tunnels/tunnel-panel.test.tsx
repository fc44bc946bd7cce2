// @vitest-environment jsdom
import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';
import { FakeControl, fakeTunnel } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { TunnelPanel } from './tunnel-panel.tsx';

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
    <TunnelPanel id={waiting.id} tab="now" onTab={() => {}} onClose={() => {}} />,
  );
  const panel = within(screen.getByRole('region', { name: 'orders-db' }));
  const [state] = panel.getAllByRole('status');
  expect(state?.textContent).toBe('waiting');
  expect(state?.parentElement?.textContent).toMatch(/^waiting \d+ \S+$/);
});
