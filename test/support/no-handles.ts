import { expect } from 'vitest';

const kinds = ['TCPSocketWrap', 'TCPServerWrap', 'PipeServerWrap'];

/** For afterAll: no socket or server of the suite is left. Closing handles are given some turns of the loop. */
export async function expectNoHandles(): Promise<void> {
  let left: Record<string, number> = {};
  for (let turn = 0; turn < 1_000; turn++) {
    left = {};
    for (const kind of process.getActiveResourcesInfo()) {
      if (kinds.includes(kind)) left[kind] = (left[kind] ?? 0) + 1;
    }
    if (Object.keys(left).length === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(left).toEqual({});
}
