import { AppError } from '../../src/base/app-error.ts';
import type { ConnectionFormat, ConnectionKind } from '../../src/contract/connection-format.ts';
import type { SettingsChange, ShownSettings } from '../../src/contract/control-settings.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';
import type { Api } from '../api.ts';

export type Theme = NonNullable<ShownSettings['window']['theme']>;

export interface SettingsState {
  /** Absent until they were read once. */
  readonly settings?: ShownSettings;
  /** Why they could not be read or changed last. */
  readonly error?: ErrorData;
  readonly isSaving: boolean;
}

export interface SettingsStoreOptions {
  readonly api: Pick<Api, 'call'>;
  /** Remembers the theme, so that the next page has it before the daemon answered. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly showTheme: (theme: Theme) => void;
}

const themeKey = 'theme';

/** The settings file as this window knows it. What is changed here counts when the daemon has written it. */
export class SettingsStore {
  readonly #options: SettingsStoreOptions;
  readonly #listeners = new Set<() => void>();
  #state: SettingsState = { isSaving: false };
  #saving = 0;

  constructor(options: SettingsStoreOptions) {
    this.#options = options;
    const theme = options.storage.getItem(themeKey);
    if (theme === 'light' || theme === 'dark') options.showTheme(theme);
  }

  readonly state = (): SettingsState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  get copiesOnConnect(): boolean {
    return this.#state.settings?.window.copyOnConnect ?? false;
  }

  format(kind: ConnectionKind): ConnectionFormat | undefined {
    return this.#state.settings?.window.formats?.[kind];
  }

  /** Never rejects: what fails is in the state. */
  async load(): Promise<void> {
    await this.#take(() => this.#options.api.call('settings', {}));
  }

  /** Never rejects: what fails is in the state. */
  async change(change: SettingsChange): Promise<void> {
    this.#saving++;
    this.#tell({ ...this.#state, isSaving: true });
    await this.#take(() => this.#options.api.call('changeSettings', { change }));
    this.#saving--;
    this.#tell({ ...this.#state, isSaving: this.#saving > 0 });
  }

  /** A kind's format, beside those of the others. */
  async prefer(kind: ConnectionKind, format: ConnectionFormat): Promise<void> {
    if (this.format(kind) === format) return;
    await this.change({ formats: { ...this.#state.settings?.window.formats, [kind]: format } });
  }

  async #take(ask: () => Promise<ShownSettings>): Promise<void> {
    const { isSaving } = this.#state;
    try {
      const settings = await ask();
      const theme = settings.window.theme ?? 'system';
      this.#options.storage.setItem(themeKey, theme);
      this.#options.showTheme(theme);
      this.#tell({ settings, isSaving });
    } catch (thrown) {
      this.#tell({ ...this.#state, error: AppError.from(thrown).toData() });
    }
  }

  #tell(state: SettingsState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
