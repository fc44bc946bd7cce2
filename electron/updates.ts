import type { AppUpdater } from 'electron-updater';
import type { Clock, Timer } from '../src/base/clock.ts';

export interface UpdatesOptions {
  /** https; undefined: nothing is ever asked. */
  readonly from: string | undefined;
  readonly isPackaged: boolean;
  readonly clock: Clock;
  /** Loaded where it is wanted. */
  readonly load: () => Promise<AppUpdater>;
  /** A version is downloaded and is taken up when the app ends, or is told to. */
  readonly onReady: (version: string) => void;
  readonly onFailure: (error: Error) => void;
}

const firstMs = 30_000;
const everyMs = 6 * 3_600_000;

/**
 * Looks for versions of the app where its user said so. The daemon is not part of an update: it goes on as it is, and the menu offers to
 * restart it as the new version.
 */
export class Updates implements Disposable {
  readonly #options: UpdatesOptions;
  #updater: AppUpdater | undefined;
  #timer: Timer | undefined;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    if (options.from !== undefined && options.isPackaged) this.#after(firstMs);
  }

  /** Ends the app and starts the new one. */
  install(): void {
    this.#updater?.quitAndInstall(true, true);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #after(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#look()
        .catch((error) => this.#options.onFailure(error))
        .finally(() => this.#after(everyMs));
    });
  }

  async #look(): Promise<void> {
    const { from, load, onReady, onFailure } = this.#options;
    if (!this.#updater && from !== undefined) {
      const updater = await load();
      updater.setFeedURL({ provider: 'generic', url: from });
      updater.autoDownload = true;
      updater.autoInstallOnAppQuit = true;
      updater.allowDowngrade = false;
      updater.on('update-downloaded', ({ version }) => onReady(version));
      updater.on('error', onFailure);
      this.#updater = updater;
    }
    await this.#updater?.checkForUpdates();
  }
}
