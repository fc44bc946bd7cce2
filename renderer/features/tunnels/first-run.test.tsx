// @vitest-environment jsdom
import { act, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { AppError } from '../../../src/base/app-error.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { FirstRun } from './first-run.tsx';

it('says in the words of a page that there is no kubeconfig, and finds the one that came meanwhile', async () => {
  const path = '/home/ann/.kube/config';
  const control = new FakeControl().on('contexts', async () => {
    throw new AppError('SP-KUBECONFIG-MISSING', { path });
  });
  await renderInWindow(control, <FirstRun />);
  expect((await screen.findByText(/There is none at/)).textContent).toContain(path);
  expect(document.body.textContent).not.toContain('--kubeconfig');
  const shop = { name: 'shop', user: 'ann', namespace: 'data', current: true };
  control.on('contexts', async () => ({ contexts: [shop], complete: true }));
  await act(async () => screen.getByRole('button', { name: 'Read it again' }).click());
  await screen.findByText('shop');
  expect(screen.queryByText(/There is none at/)).toBeNull();
});
