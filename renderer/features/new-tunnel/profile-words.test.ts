import { expect, it } from 'vitest';
import type { Profile } from '../../../src/contract/profile.ts';
import { profileWords } from './profile-words.ts';

const profile: Profile = {
  cluster: { context: 'prod' },
  namespace: 'data',
  target: 'service/pg',
  port: 5432,
};

it.each([
  [15432, 'port 5432 → 15432 here'],
  [{ address: '127.0.0.2', port: 6 }, 'port 5432 → 6 here'],
  [{ socket: '~/pg' }, 'port 5432 → ~/pg'],
  [undefined, 'port 5432 → any free port here'],
])('says where it leads, from %j', (local, words) => {
  expect(profileWords({ ...profile, ...(local !== undefined && { local }) })).toBe(
    `service/pg in data, ${words}, context prod`,
  );
});
