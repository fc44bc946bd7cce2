/**
 * The app's side of the one channel. Trust boundary: what arrives is a page's, and counts only from the top frame of a page that the app
 * has loaded itself. It is given no password but a tunnel's own, in a string to be copied, which is good on this machine alone; and the
 * daemon refuses it what it refuses pages in browsers, unless the user, asked by the app itself, says yes to what it would write.
 */
import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron';
import { AppError } from '../src/base/app-error.ts';
import type { Control } from '../src/client/control.ts';
import {
  type HandledInput,
  type OperationInput,
  type OperationName,
  operations,
} from '../src/contract/control.ts';
import type { SettingsChange, ShownSettings } from '../src/contract/control-settings.ts';
import { type BridgeAnswer, type BridgeNews, bridgeChannel } from '../src/contract/desktop-bridge.ts';
import { type DesktopRequest, desktopRequestSchema } from '../src/contract/desktop-request.ts';
import { type DaemonNow, PageFeeds } from './page-feeds.ts';
import { isOwnPage } from './window-policy.ts';

export interface BridgeOptions {
  readonly ipc: Pick<IpcMain, 'handle'>;
  readonly control: Pick<Control, 'call'>;
  readonly now: () => DaemonNow;
  readonly openClient: (tunnel: string) => Promise<void>;
  readonly showWindow: (tunnel?: string) => void;
  readonly startDaemon: () => Promise<void>;
  /** Shows the user what a page may not ask by itself, where the page cannot draw. Whether it is to be. */
  readonly mayPass: (limit: AppError) => Promise<boolean>;
  /** Those of the daemon, of which the app takes note on their way. */
  readonly settings: {
    read(): Promise<ShownSettings>;
    change(change: SettingsChange): Promise<ShownSettings>;
  };
}

/** The daemon ends from the menu, which says what becomes of tunnels; passwords are the programs' that connect. */
const withheld: readonly OperationName[] = ['password', 'shutdown', 'ui'];

/** Answers pages, and tells them what the daemon says. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #pages = new Map<WebContents, PageFeeds>();

  constructor(options: BridgeOptions) {
    this.#options = options;
    options.ipc.handle(bridgeChannel, (event, request) => this.#take(event, request));
  }

  tell(now: DaemonNow): void {
    for (const feeds of this.#pages.values()) feeds.tell(now);
  }

  async #take(
    { sender, senderFrame }: IpcMainInvokeEvent,
    given: unknown,
  ): Promise<BridgeAnswer | BridgeNews | undefined> {
    if (!senderFrame || senderFrame !== sender.mainFrame || !isOwnPage(senderFrame.url))
      return refused('this page may not ask');
    const parsed = desktopRequestSchema.safeParse(given);
    if (!parsed.success) return refused('there is no such request');
    const request = parsed.data;
    const { openClient, showWindow, startDaemon } = this.#options;
    switch (request.request) {
      case 'call':
        return answered(() => this.#call(request));
      case 'news':
        return this.#feedsOf(sender).next(request.feed);
      case 'end-feed':
        return void this.#pages.get(sender)?.end(request.feed);
      case 'open-client':
        return answered(() => openClient(request.tunnel));
      case 'show-window':
        return answered(async () => showWindow(request.tunnel));
      case 'start-daemon':
        return answered(startDaemon);
    }
  }

  async #call({
    operation,
    input: given,
    timeoutMs,
  }: Extract<DesktopRequest, { request: 'call' }>): Promise<unknown> {
    const { control, settings, mayPass } = this.#options;
    const input = checkedInput(operation, given);
    if (operation === 'settings') return settings.read();
    if (operation === 'changeSettings')
      return settings.change((input as HandledInput<'changeSettings'>).change);
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    try {
      return await control.call(operation, input, { ...options, forPage: true });
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code !== 'SP-PAGE-LIMIT' || !(await mayPass(error))) throw thrown;
      return control.call(operation, input, options);
    }
  }

  #feedsOf(sender: WebContents): PageFeeds {
    let feeds = this.#pages.get(sender);
    if (!feeds) {
      const made = new PageFeeds(this.#options.now());
      feeds = made;
      this.#pages.set(sender, made);
      sender.once('destroyed', () => {
        made.endAll();
        this.#pages.delete(sender);
      });
    }
    return feeds;
  }
}

/** Throws SP-USAGE for what a page may not ask. */
function checkedInput(operation: OperationName, given: unknown): OperationInput<OperationName> {
  if (withheld.includes(operation))
    throw new AppError('SP-USAGE', { message: `a page may not ask for ${operation}` });
  const parsed = operations[operation].input.safeParse(given ?? {});
  if (!parsed.success) throw new AppError('SP-USAGE', { message: parsed.error.message });
  return parsed.data as OperationInput<OperationName>;
}

async function answered(act: () => Promise<unknown>): Promise<BridgeAnswer> {
  try {
    return { answer: await act() };
  } catch (error) {
    return { error: AppError.from(error).toData() };
  }
}

function refused(message: string): BridgeAnswer {
  return { error: new AppError('SP-USAGE', { message }).toData() };
}
