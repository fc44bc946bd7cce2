import pLimit from 'p-limit';
import type { Control } from '../src/client/control.ts';
import type { ControlView } from '../src/client/control-view.ts';
import type { SettingsChange, ShownSettings } from '../src/contract/control-settings.ts';
import type { DaemonNow } from './page-feeds.ts';

export type WindowSettings = ShownSettings['window'];

export interface AppSettingsOptions {
  readonly control: Pick<Control, 'call'>;
  /** Tells the desktop. */
  readonly openAtLogin: (on: boolean) => Promise<void>;
  readonly onChange: (settings: WindowSettings) => void;
}

/**
 * The daemon's settings, as tray and window share them. Nothing tells of a change by a browser or an editor: they are read when a daemon is
 * found, on their way to a page, and before what depends on them is done.
 */
export class AppSettings {
  readonly #options: AppSettingsOptions;
  #window: WindowSettings = {};
  #daemon: ControlView['daemon'] | undefined;
  /** What the desktop was told last. */
  #openAtLogin: boolean | undefined;
  /** One at a time: an answer that is older never replaces a newer one. */
  readonly #inTurn = pLimit(1);
  #waiting: Promise<ShownSettings> | undefined;

  constructor(options: AppSettingsOptions) {
    this.#options = options;
  }

  /** As they were when they were last read or changed; nothing is set before that. */
  get window(): WindowSettings {
    return this.#window;
  }

  tell(now: DaemonNow): void {
    if (now.kind !== 'here' || now.view.daemon === this.#daemon) return;
    this.#daemon = now.view.daemon;
    void this.current();
  }

  /** As they are now, or as they were last where that cannot be told. Never rejects. */
  async current(): Promise<WindowSettings> {
    await this.read().catch(() => {});
    return this.#window;
  }

  /** One read at most waits for its turn, and serves all who ask until it begins. */
  read(): Promise<ShownSettings> {
    this.#waiting ??= this.#inTurn(async () => {
      this.#waiting = undefined;
      const shown = await this.#options.control.call('settings', {});
      this.#take(shown.window);
      // Tried again at the next read. Only who turns it on is told that the desktop refuses.
      await this.#follow(shown.window.openAtLogin).catch(() => {});
      return shown;
    });
    return this.#waiting;
  }

  /** Rejects with what the daemon says, or the desktop: what that refuses is not kept. */
  change(change: SettingsChange): Promise<ShownSettings> {
    return this.#inTurn(async () => {
      if (change.openAtLogin !== undefined) await this.#follow(change.openAtLogin);
      const shown = await this.#options.control.call('changeSettings', { change });
      this.#take(shown.window);
      return shown;
    });
  }

  #take(window: WindowSettings): void {
    this.#window = window;
    this.#options.onChange(window);
  }

  /** Where it was never set, what the desktop has is left alone. */
  async #follow(openAtLogin: boolean | undefined): Promise<void> {
    if (openAtLogin === this.#openAtLogin) return;
    await this.#options.openAtLogin(openAtLogin ?? false);
    this.#openAtLogin = openAtLogin;
  }
}
