import { useMutation } from '@tanstack/react-query';
import { AppError } from '../../../src/base/app-error.ts';
import type { SandboxStatus } from '../../../src/contract/control-sandbox.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { useAppState, useView } from '../../state/app-state.ts';
import { go } from '../../state/route.ts';

export interface SandboxUse {
  readonly status: SandboxStatus;
  /** Why the last thing that was asked for failed. */
  readonly error: ErrorData | undefined;
  /** Starts it where none runs, connects, and shows its tunnel. */
  readonly start: () => void;
  readonly stop: () => void;
  readonly restartPod: () => void;
}

/** A slow machine makes a database in half a minute. */
const startLimitMs = 90_000;

const unavailable: SandboxStatus = { kind: 'unavailable' };

/** The sandbox, and what can be asked of it from anywhere in the window. */
export function useSandbox(): SandboxUse {
  const { api } = useAppState();
  const status = useView(({ sandbox }) => sandbox) ?? unavailable;
  const ask = useMutation({
    mutationFn: async (what: 'start' | 'stop' | 'restartPod') => {
      if (what === 'stop') return void (await api.call('stopSandbox', {}));
      if (what === 'restartPod') return void (await api.call('restartSandboxPod', {}));
      const started = await api.call('startSandbox', { waitMs: startLimitMs });
      if (started.kind === 'running') go({ view: 'tunnels', chosen: started.tunnel });
    },
  });
  const failure = ask.error ? AppError.from(ask.error).toData() : undefined;
  return {
    status,
    error: failure ?? (status.kind === 'off' ? status.error : undefined),
    start: () => ask.mutate('start'),
    stop: () => ask.mutate('stop'),
    restartPod: () => ask.mutate('restartPod'),
  };
}
