import { expect, it } from 'vitest';
import { afterRestartWords, portOf } from './settings-words.ts';

it('says in one sentence what waits for the next start', () => {
  expect(afterRestartWords(['metrics'])).toBe(
    'What was changed of metrics counts when the daemon is started again.',
  );
  expect(afterRestartWords(['passwords', 'metrics', 'audit'])).toBe(
    'What was changed of where passwords are kept, metrics and the audit log counts when the daemon is started again.',
  );
});

it.each([
  ['9464', 9_464],
  [' 1 ', 1],
  ['65535', 65_535],
  ['65536', undefined],
  ['0', undefined],
  ['', undefined],
  ['9e3', undefined],
  ['-1', undefined],
])('reads %j as a port', (text, port) => {
  expect(portOf(text)).toBe(port);
});
