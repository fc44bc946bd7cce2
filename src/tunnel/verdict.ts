import type { ErrorCode } from '../contract/error-codes.ts';

/**
 * What becomes of a client whose stream failed before a byte came back.
 * hold: it waits for a pod that can serve it. again: it tries once more at once. rest: it tries again after a pause of its own.
 * end: its connection ends as the pod's did, since a request must never run twice.
 */
export type Verdict = 'hold' | 'again' | 'rest' | 'end';

export interface Failure {
  /** Undefined: the pod closed cleanly. */
  readonly code: ErrorCode | undefined;
  /** The transport gave no stream at all; `head` may still have left with some codes. */
  readonly opened: boolean;
  readonly early: 'nothing' | 'handshake' | 'request' | 'lost';
  /** Times this client already met a close or reset in this container of this pod. */
  readonly closes: number;
  /** Nothing belongs on this port: a refusal is an answer and no outage. */
  readonly refusalEnds?: boolean;
}

/**
 * A process that is killed closes its connections before anything says that it died, so a close without a byte is tried again; a server
 * that means it shows so each time.
 */
const maxCloses = 2;

export function verdict(failure: Failure): Verdict {
  if (failure.early === 'lost' || (failure.refusalEnds && failure.code === 'SP-PORT-REFUSED')) return 'end';
  if (provesNothingArrived(failure)) {
    // The transport's own queue is full: no news about the pod, and no reason to make others wait.
    return failure.code === 'SP-HOLD-FULL' ? 'rest' : 'hold';
  }
  // Without a stream nothing has left, whatever failed.
  if (!failure.opened) return 'rest';
  if (failure.early === 'request') return 'end';
  if (failure.code === undefined || failure.code === 'SP-STREAM-RESET')
    return failure.closes < maxCloses ? 'again' : 'end';
  return 'rest';
}

/** True where no byte can have reached the application: it was not there, or no stream was ever begun. */
export function provesNothingArrived({ code, opened }: Pick<Failure, 'code' | 'opened'>): boolean {
  switch (code) {
    case 'SP-PORT-REFUSED':
    case 'SP-SANDBOX-GONE':
    case 'SP-POD-REPLACED':
      return true;
    case 'SP-KUBECONFIG-MISSING':
    case 'SP-KUBECONFIG-INVALID':
    case 'SP-CONTEXT-UNKNOWN':
    case 'SP-CREDENTIAL-PLUGIN':
    case 'SP-LOGIN-REQUIRED':
    case 'SP-FORBIDDEN':
    case 'SP-ADMISSION-DENIED':
    case 'SP-API-UNREACHABLE':
    case 'SP-API-TLS':
    case 'SP-API-PROXY':
    case 'SP-API-ERROR':
    case 'SP-UPGRADE-REFUSED':
    case 'SP-TARGET-NOT-FOUND':
    case 'SP-POD-UNSCHEDULED':
    case 'SP-POD-NOT-READY':
    case 'SP-POD-DELETED':
    case 'SP-POD-ENDED':
    case 'SP-HOLD-FULL':
      return !opened;
    default:
      return false;
  }
}
