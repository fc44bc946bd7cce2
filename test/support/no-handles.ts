import { expect } from 'vitest';

const ours = ['TCPSocketWrap', 'TCPServerWrap', 'PipeServerWrap'];

/** For afterAll: no socket or server of the suite is left. Closing handles are given some turns of the loop. */
export async function expectNoHandles(): Promise<void> {
  let left: string[] = [];
  for (let turn = 0; turn < 1_000; turn++) {
    left = process.getActiveResourcesInfo().filter((kind) => ours.includes(kind));
    if (left.length === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(left).toEqual([]);
}
