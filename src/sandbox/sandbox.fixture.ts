import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Answer, portForwardPath, SeenFrames, spdyHeaders, upgrade } from './raw-client.fixture.ts';
import { type Sandbox, type SandboxControls, startSandbox } from './sandbox.ts';

/** The pod that every sandbox of these tests has. */
export const pod = 'default/net-0';
export const podPath = '/api/v1/namespaces/default/pods/net-0';

export interface TestCluster {
  readonly sandbox: Sandbox;
  readonly controls: SandboxControls;
  /** A raw SPDY session to the pod, once that is ready. Ends with the test. */
  connected(): Promise<{ socket: Duplex; frames: SeenFrames }>;
  /** The answer to an upgrade that must not be accepted. */
  refused(headers?: Record<string, string>, method?: string): Promise<Answer>;
}

/** One sandbox for all tests of a file. Faults end with each test; after the last one no handle, timer or file may be left. */
export function useSandbox(): TestCluster {
  const clock = new CountingClock();
  const sockets: Duplex[] = [];
  let dir: string;
  let sandbox: Sandbox;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    sandbox = await startSandbox({ dir, clock });
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    sandbox.controls.api.restore();
    sandbox.controls.sessions.allowUpgrades();
    sandbox.controls.sessions.resume();
    sandbox.controls.network.deliver();
    sandbox.controls.network.delay(0);
    sandbox.controls.setAccess(() => true);
  });

  afterAll(async () => {
    await sandbox.stop();
    await sandbox.stop();
    expect(await readdir(dir)).toEqual([]);
    await rm(dir, { recursive: true });
    await expectNoHandles();
    expect(clock.pending.size).toBe(0);
  });

  const attempt = async (headers = spdyHeaders as Record<string, string>, method = 'POST') => {
    const answer = await upgrade(sandbox, { method, path: portForwardPath(pod), headers });
    if ('write' in answer) sockets.push(answer);
    return answer;
  };

  return {
    get sandbox() {
      return sandbox;
    },
    get controls() {
      return sandbox.controls;
    },
    async connected() {
      await sandbox.controls.pods.until(pod);
      const socket = await attempt();
      if (!('write' in socket)) throw new Error(`refused: ${socket.httpCode} ${socket.body}`);
      return { socket, frames: new SeenFrames(socket) };
    },
    async refused(headers, method) {
      const answer = await attempt(headers, method);
      if ('write' in answer) throw new Error('the upgrade was accepted');
      return answer;
    },
  };
}

/** The system's clock, counting the timers that still wait. */
class CountingClock implements Clock {
  readonly pending = new Set<object>();
  wallMs = () => systemClock.wallMs();
  nowMs = () => systemClock.nowMs();

  after(delayMs: number, callback: () => void) {
    const key = {};
    this.pending.add(key);
    const timer = systemClock.after(delayMs, () => {
      this.pending.delete(key);
      callback();
    });
    return {
      cancel: () => {
        this.pending.delete(key);
        timer.cancel();
      },
    };
  }
}
