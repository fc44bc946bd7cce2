// @vitest-environment jsdom
import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it } from 'vitest';
import type { ClusterObject } from '../../../src/contract/control-objects.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { ProposedProfile } from './proposed-profile.tsx';

const postgres: ClusterObject = {
  kind: 'StatefulSet',
  namespace: 'data',
  name: 'postgres',
  ports: [],
  images: [],
  pods: { ready: 2, wanted: 2 },
};

it('saves nothing of the choice before, while the profile of another one is on its way', async () => {
  const alone = Promise.withResolvers<void>();
  const control = new FakeControl()
    .on('proposeProfile', async ({ ordinal }) => {
      if (ordinal !== undefined) await alone.promise;
      const target = ordinal === undefined ? 'statefulset/postgres' : `statefulset/postgres/${ordinal}`;
      const profile = { cluster: { context: 'prod' }, namespace: 'data', target, port: 5432 };
      return { name: 'postgres', profile, notCarried: [] };
    })
    .on('checkProfile', async () => ({ problems: [] }))
    .on('contexts', async () => ({ contexts: [], complete: true }));
  const user = userEvent.setup();
  await renderInWindow(control, <ProposedProfile context="prod" object={postgres} onClose={() => {}} />);
  const save = await screen.findByRole('button', { name: 'Save and connect' });
  expect(save).toHaveProperty('disabled', false);
  await user.selectOptions(screen.getByLabelText('To which pod'), 'postgres-0 alone');
  expect(save).toHaveProperty('disabled', true);
  await user.keyboard('{Control>}s{/Control}');
  expect(control.calls.map(({ operation }) => operation)).not.toContain('checkProfile');
  alone.resolve();
  await screen.findByDisplayValue('statefulset/postgres/0');
  expect(save).toHaveProperty('disabled', false);
});
