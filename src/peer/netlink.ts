import { type CLibrary, loadCLibrary } from './c-library.ts';
import type { ConnectionEnds } from './connection-ends.ts';
import type { DiagAnswer } from './socket-diag.ts';
import { diagRequest, readDiagAnswer } from './socket-diag.ts';

/**
 * A netlink socket for sock_diag. Node has none; koffi calls the C library's socket, send and recv. The kernel answers within send(), so
 * a question takes some microseconds whatever the number of sockets on the machine, where /proc/net/tcp takes milliseconds.
 */

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
/** Answers to questions that failed half-way, which are read and dropped. */
const maxStale = 16;
const answerLimitBytes = 4_096;

export class SocketDiag implements Disposable {
  readonly #c: CLibrary;
  readonly #descriptor: number;
  readonly #answer = Buffer.alloc(answerLimitBytes);
  #sequence = 0;
  #isOpen = true;

  private constructor(c: CLibrary, descriptor: number) {
    this.#c = c;
    this.#descriptor = descriptor;
  }

  /** undefined where koffi has no binary for this machine, or the system gives no such socket. */
  static async open(): Promise<SocketDiag | undefined> {
    const c = await loadCLibrary();
    const descriptor =
      c?.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_SOCK_DIAG) ?? -1;
    return c && descriptor >= 0 ? new SocketDiag(c, descriptor) : undefined;
  }

  /** Never throws. */
  ask(ends: ConnectionEnds): DiagAnswer {
    const failed: DiagAnswer = { kind: 'failed', errno: 0 };
    if (!this.#isOpen) return failed;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = diagRequest(ends, this.#sequence);
    if (this.#c.send(this.#descriptor, request, request.length, 0) !== request.length) return failed;
    for (let tries = 0; tries <= maxStale; tries++) {
      const sizeBytes = this.#c.recv(this.#descriptor, this.#answer, answerLimitBytes, 0);
      if (sizeBytes < 0) return failed;
      const answer = readDiagAnswer(this.#answer.subarray(0, sizeBytes), ends, this.#sequence);
      if (answer.kind !== 'stale') return answer;
    }
    return failed;
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#c.close(this.#descriptor);
  }
}
