import { expect, vi } from 'vitest';

// PipeWrap is the worker's own standard streams.
const handles = /TCP|TLS|PipeServer|Process/;
const closingMs = 10_000;

/** For afterAll: no socket, server or child process of the suite is left. What is closing is waited for. */
export async function expectNoHandles(): Promise<void> {
  const left = () => process.getActiveResourcesInfo().filter((each) => handles.test(each));
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: closingMs, interval: 5 });
}
