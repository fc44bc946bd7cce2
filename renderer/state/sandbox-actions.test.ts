// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';
import { AppError } from '../../src/base/app-error.ts';
import type { SandboxStatus } from '../../src/contract/control-sandbox.ts';
import { FakeControl } from '../../test/support/fake-control.ts';
import { parseRoute } from './route.ts';
import { SandboxActions } from './sandbox-actions.ts';

const running: SandboxStatus = {
  kind: 'running',
  tunnel: 'ad-hoc/sandbox',
  pod: 'postgres-0',
  namespace: 'default',
  kubeconfig: '/tmp/kubeconfig',
  sinceMs: 1,
};

let control: FakeControl;
let status: SandboxStatus;
let actions: SandboxActions;
let told: number;

beforeEach(() => {
  location.hash = '#/settings';
  control = new FakeControl();
  status = { kind: 'off' };
  told = 0;
  actions = new SandboxActions(control, {
    get view() {
      return { ...control.view, sandbox: status };
    },
  });
  actions.subscribe(() => void told++);
});

it('shows its tunnel once it runs, and stays where it was while it does not', async () => {
  control.on('startSandbox', async () => ({ kind: 'starting', step: 'database', sinceMs: 1 }));
  await actions.start();
  expect(parseRoute(location.hash)).toEqual({ view: 'settings' });
  control.on('startSandbox', async () => running);
  await actions.start();
  expect(parseRoute(location.hash)).toEqual({ view: 'tunnels', chosen: 'ad-hoc/sandbox' });
});

it('keeps a failure until the next try', async () => {
  status = running;
  control.on('restartSandboxPod', () => Promise.reject(new AppError('SP-DAEMON-LOST')));
  await actions.restartPod();
  expect(actions.error()?.code).toBe('SP-DAEMON-LOST');
  control.on('stopSandbox', async () => ({ kind: 'off' }));
  const stopped = actions.stop();
  expect(actions.error()).toBeUndefined();
  await stopped;
  expect(actions.error()).toBeUndefined();
  expect(told).toBe(3);
});

it('keeps no failure of a state that is over', async () => {
  control.on('startSandbox', () => Promise.reject(new AppError('SP-DAEMON-LOST')));
  await actions.start();
  expect(actions.error()?.code).toBe('SP-DAEMON-LOST');
  status = running;
  expect(actions.error()).toBeUndefined();
});
