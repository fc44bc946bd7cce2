// @vitest-environment jsdom
import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { ClusterObjects } from '../../../src/contract/control-objects.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { ClusterBrowser } from './cluster-browser.tsx';

/** A machine that has other things to do. */
const patience = { timeout: 4_000 };
const server = 'https://api.shop.example:6443';

async function browsing(refused: ClusterObjects['refused']) {
  const control = new FakeControl()
    .on('contexts', async () => ({
      complete: true,
      contexts: [{ name: 'shop', user: 'ann', namespace: 'data', current: true }],
    }))
    .on('namespaces', async () => ({
      context: 'shop',
      server,
      current: 'data',
      namespaces: [{ name: 'data' }],
      complete: true,
    }))
    .on('objects', async () => ({
      context: 'shop',
      server,
      cluster: { server },
      objects: [],
      complete: true,
      refused,
    }));
  await renderInWindow(control, <ClusterBrowser />);
  return (await screen.findByText(/has no|may not see/, undefined, patience)).textContent;
}

it('says that there is nothing only where it may see that', async () => {
  expect(await browsing([])).toBe('data has no StatefulSet and no Service');
});

it('claims nothing of what may not be listed, and leads to writing by hand', async () => {
  const error = { code: 'SP-FORBIDDEN', details: { verb: 'list' } } as const;
  expect(await browsing([{ kind: 'Service', error }])).toBe('You may not see all that data has');
  expect(screen.getByRole('link', { name: 'Write it by hand' }).getAttribute('href')).toContain('#');
});
