import { expect, it } from 'vitest';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { ProfileDesk } from './profile-desk.ts';

const snapshot: Partial<ProfileSnapshot> = {
  profiles: [],
  refused: [{ id: 'user/orders', file: '/u/profiles.yaml' }],
};

it('proposes no name of a profile that is refused: its file has it', async () => {
  const desk = new ProfileDesk({
    profiles: { snapshot: snapshot as ProfileSnapshot, edit: () => expect.unreachable() },
    objects: {
      contexts: async () => ({ contexts: [], complete: true }),
      objects: () => expect.unreachable(),
    },
    checkTarget: () => undefined,
    keptPorts: () => [],
    isPortFree: async () => true,
    takeDown: async () => {},
  });
  const { profiles } = await desk.import({
    text: 'kubectl --context dev port-forward -n data svc/orders 5432',
  });
  expect(profiles.map(({ name }) => name)).toEqual(['orders-2']);
});
