import type { Clock } from '../base/clock.ts';
import type { Container, Pod } from './kube-object.ts';
import type { PodNetwork } from './pod-network.ts';

export interface ExitStatus {
  readonly exitCode: number;
  readonly signal?: number;
  /** What it said at last, where it failed. */
  readonly message?: string;
}

/** A container that runs: a local process, or something in this process that can be ended like one. */
export interface ContainerProcess {
  readonly exited: Promise<ExitStatus>;
  /** Where a port that accepts does not yet mean that requests are served: resolves when they are. Never rejects. */
  readonly serving?: Promise<void>;
  /** Asks it to end, as SIGTERM (or the image's stop signal) does. */
  stop(): void;
  /** Ends it at once, as SIGKILL does. */
  kill(): void;
}

export interface ContainerStart {
  readonly pod: Pod;
  readonly container: Container;
  /** Values with secretKeyRef already read. */
  readonly env: Readonly<Record<string, string>>;
  readonly network: PodNetwork;
  readonly clock: Clock;
}

/** Starts a container of one image. Rejects where it cannot start, which counts as an exit. */
export type StartContainer = (start: ContainerStart) => Promise<ContainerProcess>;
