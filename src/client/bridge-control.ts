import { AppError } from '../base/app-error.ts';
import type { Shell } from '../contract/connection-string.ts';
import type { OperationAnswer, OperationInput, OperationName } from '../contract/control.ts';
import type { BridgeAnswer, BridgeNews, DesktopBridge } from '../contract/desktop-bridge.ts';
import type { CallOptions, Control, ControlObserver } from './control.ts';
import { applyEvent, type ControlView, type Hello } from './control-view.ts';

/** Control for the page inside the desktop app, which keeps the connection to the daemon; and what only a desktop can do. Browser-safe. */
export class BridgeControl implements Control {
  readonly openClient = async (tunnel: string): Promise<void> => {
    opened(await this.#bridge.openClient(tunnel));
  };
  readonly showWindow = async (tunnel?: string): Promise<void> => {
    opened(await this.#bridge.showWindow(tunnel));
  };
  readonly startDaemon = async (): Promise<void> => {
    opened(await this.#bridge.startDaemon());
  };
  readonly shell: Shell;
  readonly #bridge: DesktopBridge;
  readonly #ends = new Set<() => void>();

  constructor(bridge: DesktopBridge) {
    this.#bridge = bridge;
    this.shell = bridge.shell;
  }

  /** The app keeps the limit of time; a call that is aborted is let go of, and goes on there. */
  async call<N extends OperationName>(
    operation: N,
    input: OperationInput<N>,
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<OperationAnswer<N>> {
    signal?.throwIfAborted();
    const answer = opened(await this.#bridge.call(operation, input, { timeoutMs }));
    signal?.throwIfAborted();
    return answer as OperationAnswer<N>;
  }

  subscribe(observer: ControlObserver): Disposable {
    let hello: Hello | undefined;
    let view: ControlView | undefined;
    const end = this.#bridge.subscribe((news: BridgeNews) => {
      if (news.kind === 'lost') {
        const { code, details } = news.error;
        return observer.onLost?.(new AppError(code, details), news.final);
      }
      for (const event of news.events) {
        if (event.event === 'hello') hello = event;
        else if (hello) view = applyEvent(view, event, hello);
      }
      // All of it at once: what lies between was never seen.
      if (view) observer.onView(view);
    });
    this.#ends.add(end);
    return {
      [Symbol.dispose]: () => {
        end();
        this.#ends.delete(end);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end();
    this.#ends.clear();
  }
}

/** What was answered, or throws what was. */
function opened(answer: BridgeAnswer): unknown {
  if ('error' in answer) throw new AppError(answer.error.code, answer.error.details);
  return answer.answer;
}
