import type { ControlView } from '../src/client/control-view.ts';
import type { Question } from '../src/contract/control-question.ts';
import type { ShownSettings } from '../src/contract/control-settings.ts';
import type { TunnelEntity } from '../src/contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../src/contract/profile-snapshot.ts';
import { fakePod, fakeTunnel } from '../test/support/fake-control.ts';
import type { DaemonNow } from './page-feeds.ts';

export const atMs = 1_700_000_000_000;

const hello: ControlView['daemon'] = {
  event: 'hello',
  protocol: 1,
  version: '1.0.0',
  pid: 7,
  startedAtMs: atMs,
};

/** As a daemon tells of a file that has these alone. */
export function shownSettings(window: ShownSettings['window'] = {}): ShownSettings {
  return {
    file: '/config/settings.yaml',
    window,
    keepPasswordsIn: 'keychain',
    metricsTokenFile: '/state/metrics-token',
    audit: { days: 90, megabytes: 1024, receivers: [] },
    afterRestart: [],
  };
}

export interface ViewParts {
  readonly tunnels?: readonly TunnelEntity[];
  readonly questions?: readonly Question[];
  readonly groups?: ProfileSnapshot['groups'];
  readonly daemon?: ControlView['daemon'];
}

/** A view of one daemon: two of them follow each other. */
export function viewWith({
  tunnels = [],
  questions = [],
  groups = [],
  daemon = hello,
}: ViewParts): ControlView {
  return {
    daemon,
    sequence: 1,
    tunnels: new Map(tunnels.map((tunnel) => [tunnel.id, tunnel])),
    questions: new Map(questions.map((question) => [question.id, question])),
    profiles: { sequence: 0, sources: [], profiles: [], refused: [], groups: [...groups], problems: [] },
    sandbox: { kind: 'unavailable' },
  };
}

export function here(parts: ViewParts): DaemonNow {
  return { kind: 'here', view: viewWith(parts) };
}

const bound: Partial<TunnelEntity> = {
  wanted: 'on',
  addresses: [{ kind: 'tcp', address: '127.0.0.1', port: 15_432 }],
};

/** One tunnel in each state that there is. */
export const inState = {
  off: (given: Partial<TunnelEntity> = {}) => fakeTunnel(given),
  ended: (given: Partial<TunnelEntity> = {}) =>
    fakeTunnel({
      state: {
        kind: 'off',
        reason: { code: 'SP-TIME-LIMIT', details: { tunnel: 'orders-db', limit: '8h' } },
      },
      ...given,
    }),
  onDemand: (given: Partial<TunnelEntity> = {}) => fakeTunnel({ ...bound, onDemand: true, ...given }),
  connecting: (given: Partial<TunnelEntity> = {}) =>
    fakeTunnel({
      ...bound,
      state: { kind: 'connecting', step: 'resolving', sinceMs: atMs },
      shown: 'connecting',
      ...given,
    }),
  ready: (given: Partial<TunnelEntity> = {}) =>
    fakeTunnel({
      ...bound,
      state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: atMs },
      shown: 'ready',
      ...given,
    }),
  waiting: (given: Partial<TunnelEntity> = {}) =>
    fakeTunnel({
      ...bound,
      state: {
        kind: 'waiting',
        reason: { code: 'SP-POD-NOT-READY', details: { pod: 'postgres-1', reason: 'CrashLoopBackOff' } },
        lastPod: fakePod,
        sinceMs: atMs,
      },
      shown: 'waiting',
      held: 2,
      ...given,
    }),
  blocked: (given: Partial<TunnelEntity> = {}) =>
    fakeTunnel({
      ...bound,
      state: {
        kind: 'blocked',
        error: { code: 'SP-LOCAL-PORT-IN-USE', details: { port: 15_432, address: '127.0.0.1' } },
        sinceMs: atMs,
      },
      shown: 'needs you',
      ...given,
    }),
  paused: (given: Partial<TunnelEntity> = {}) => fakeTunnel({ wanted: 'paused', shown: 'paused', ...given }),
} as const;

export const loginQuestion: Question = {
  kind: 'login',
  id: 'q1',
  tunnel: 'user/billing',
  askedAtMs: atMs,
  error: { code: 'SP-INTERNAL', details: { message: 'expired' } },
};
