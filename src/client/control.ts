import type { OperationAnswer, OperationInput, OperationName } from '../contract/control.ts';
import type { ControlView } from './control-view.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Default 30 s, and for an operation that waits, its waitMs more. */
  readonly timeoutMs?: number;
  /** Asked for a page that is shown, which may not ask all that its user may. */
  readonly forPage?: boolean;
  /** False: not to be started for this where none runs. */
  readonly start?: boolean;
}

/**
 * The daemon, to a face of it. Every method rejects with the AppError that the daemon answered, or with SP-DAEMON-NOT-RUNNING,
 * SP-DAEMON-LOST or SP-DAEMON-VERSION.
 */
export interface Control extends AsyncDisposable {
  call<N extends OperationName>(
    operation: N,
    input: OperationInput<N>,
    options?: CallOptions,
  ): Promise<OperationAnswer<N>>;
  /** Follows what there is. A connection that is lost, or that was dropped for being slow, is made again by itself. */
  subscribe(observer: ControlObserver): Disposable;
}

export interface ControlObserver {
  /** The whole as it is now: first as it was found, then after each change. Never changed afterwards. */
  onView(view: ControlView): void;
  /** The daemon is not there: the last view is old until the next one. Called once for each outage; `final` where it is not tried again. */
  onLost?(error: Error, final: boolean): void;
}
