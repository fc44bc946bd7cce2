import { useSyncExternalStore } from 'react';
import type { SandboxStatus } from '../../../src/contract/control-sandbox.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { useAppState, useView } from '../../state/app-state.ts';

export interface SandboxUse {
  readonly status: SandboxStatus;
  /** Why the last thing that was asked for failed. */
  readonly error: ErrorData | undefined;
  /** Starts it where none runs, connects, and shows its tunnel. */
  readonly start: () => void;
  readonly stop: () => void;
  readonly restartPod: () => void;
}

const unavailable: SandboxStatus = { kind: 'unavailable' };

/** The sandbox, and what can be asked of it from anywhere in the window. */
export function useSandbox(): SandboxUse {
  const { sandbox } = useAppState();
  const status = useView((view) => view.sandbox) ?? unavailable;
  const failure = useSyncExternalStore(sandbox.subscribe, sandbox.error);
  return {
    status,
    error: failure ?? (status.kind === 'off' ? status.error : undefined),
    start: () => void sandbox.start(),
    stop: () => void sandbox.stop(),
    restartPod: () => void sandbox.restartPod(),
  };
}
