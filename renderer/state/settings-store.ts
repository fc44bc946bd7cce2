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
  /** Questions are numbered; of their answers the one to the newest counts, whichever comes last. */
  #asked = 0;
  #answered = 0;

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
    // What is being written comes back with its answer; what was read beside it may be older.
    if (this.#saving > 0) return;
    await this.#take(() => this.#options.api.call('settings', {}));
  }

  /** Never rejects: what fails is in the state. */
  async change(change: SettingsChange): Promise<void> {
    this.#saving++;
    this.#tell(this.#state);
    await this.#take(() => this.#options.api.call('changeSettings', { change }));
    this.#saving--;
    this.#tell(this.#state);
  }

  /** A kind's format, beside those of the others. */
  async prefer(kind: ConnectionKind, format: ConnectionFormat): Promise<void> {
    if (this.format(kind) === format) return;
    await this.change({ formats: { ...this.#state.settings?.window.formats, [kind]: format } });
  }

  async #take(ask: () => Promise<ShownSettings>): Promise<void> {
    const asked = ++this.#asked;
    try {
      const settings = await ask();
      if (asked < this.#answered) return;
      this.#answered = asked;
      const theme = settings.window.theme ?? 'system';
      this.#options.storage.setItem(themeKey, theme);
      this.#options.showTheme(theme);
      this.#tell({ settings });
    } catch (thrown) {
      this.#tell({ ...this.#state, error: AppError.from(thrown).toData() });
    }
  }

  #tell(state: Omit<SettingsState, 'isSaving'>): void {
    this.#state = { ...state, isSaving: this.#saving > 0 };
    for (const listener of [...this.#listeners]) listener();
  }
}
