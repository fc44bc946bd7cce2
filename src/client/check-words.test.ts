import { expect, it } from 'vitest';
import { whoWords } from './check-words.ts';

it('says whom the cluster takes the user for in what can be seen alone', () => {
  expect(whoWords({ user: 'ann', groups: ['dev', 'ops'] })).toBe('ann (dev, ops)');
  expect(whoWords({ groups: [] })).toBe('the user of this context');
  expect(whoWords({ user: 'a\u001b[2Jb', groups: ['\u202ec'] })).toBe('a\\u001b[2Jb (\\u202ec)');
});
