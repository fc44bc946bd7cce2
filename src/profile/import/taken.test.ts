import { expect, it } from 'vitest';
import { freeLocalPort } from './taken.ts';

const portAmong = (remotePort: number, taken: number[], busy: number[]) =>
  freeLocalPort(remotePort, taken, async (port) => !busy.includes(port));

it('a port is proposed that no profile has and nobody listens on', async () => {
  expect(await portAmong(5432, [], [])).toBe(15_432);
  expect(await portAmong(5432, [15_432], [15_433, 15_434])).toBe(15_435);
});

it('none is proposed rather than one that is taken', async () => {
  expect(await portAmong(65_534, [65_534, 65_535], [])).toBeUndefined();
  const busy = Array.from({ length: 200 }, (_, index) => 15_432 + index);
  expect(await portAmong(5432, [], busy)).toBeUndefined();
});
