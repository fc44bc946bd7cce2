/** The settings file as a window shows and changes it: comments, order and whatever a change is not about stay as they are written. */
import pLimit from 'p-limit';
import { isMap, parseDocument } from 'yaml';
import { AppError } from '../base/app-error.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import { replaceFile } from '../base/replace-file.ts';
import type { SettingsChange, ShownSettings } from '../contract/control-settings.ts';
import { printDocument } from '../profile/print-document.ts';
import {
  changedParts,
  defaultKeep,
  metricsTokenFile,
  parseSettings,
  passwordsKeptIn,
  readAtStart,
  readSettingsText,
  type Settings,
} from './settings.ts';

export interface SettingsDeskOptions {
  readonly places: DaemonPlaces;
  /** What the daemon has taken up. */
  readonly inUse: Settings;
}

/** Where in the file each part of a change stands. */
const paths: Record<keyof SettingsChange, readonly [string, string]> = {
  theme: ['window', 'theme'],
  formats: ['window', 'formats'],
  copyOnConnect: ['window', 'copyOnConnect'],
  notifications: ['window', 'notifications'],
  openAtLogin: ['window', 'openAtLogin'],
  keepPasswordsIn: ['passwords', 'keepIn'],
  metricsPort: ['metrics', 'port'],
};

export class SettingsDesk {
  readonly #options: SettingsDeskOptions;
  readonly #turn = pLimit(1);

  constructor(options: SettingsDeskOptions) {
    this.#options = options;
  }

  /** As they are in the file now. Throws SP-USAGE where that has a mistake. */
  async read(): Promise<ShownSettings> {
    const { settingsFile } = this.#options.places;
    return this.#shown(parseSettings(settingsFile, await readSettingsText(settingsFile)));
  }

  /** One change after the other. Throws SP-USAGE where the file has a mistake, SP-PROFILE-EDIT-CONFLICT where somebody else changes it meanwhile. */
  change(change: SettingsChange): Promise<ShownSettings> {
    return this.#turn(() => this.#change(change));
  }

  async #change(change: SettingsChange): Promise<ShownSettings> {
    const { settingsFile: file } = this.#options.places;
    const before = await readSettingsText(file);
    parseSettings(file, before);
    const after = changedText(before ?? '', change);
    const settings = parseSettings(file, after);
    if (after !== before) {
      const beforeRename = async () => {
        if ((await readSettingsText(file)) !== before)
          throw new AppError('SP-PROFILE-EDIT-CONFLICT', { file });
      };
      await replaceFile(file, after, { beforeRename });
    }
    return this.#shown(settings);
  }

  #shown(settings: Settings): ShownSettings {
    const { places, inUse } = this.#options;
    const changed = changedParts(inUse, settings);
    const { keep: { days = defaultKeep.days, megabytes = defaultKeep.megabytes } = {}, ship = [] } =
      settings.audit ?? {};
    return {
      file: places.settingsFile,
      window: settings.window ?? {},
      keepPasswordsIn: passwordsKeptIn(settings),
      metricsPort: settings.metrics?.port,
      metricsTokenFile: metricsTokenFile(places),
      audit: { days, megabytes, receivers: ship.map(({ name }) => name) },
      afterRestart: readAtStart.filter((part) => changed.includes(part)),
    };
  }
}

/** The text of a settings file without mistakes with one change in it. Pure. */
export function changedText(text: string, change: SettingsChange): string {
  const document = parseDocument(text, { stringKeys: true, logLevel: 'error' });
  for (const key of Object.keys(paths) as (keyof SettingsChange)[]) {
    const value = change[key];
    const [part, name] = paths[key];
    if (value === undefined) continue;
    if (value !== null) document.setIn([part, name], document.createNode(value));
    else if (document.hasIn([part, name])) {
      document.deleteIn([part, name]);
      const rest = document.get(part, true) as unknown;
      if (isMap(rest) && rest.items.length === 0) document.delete(part);
    }
  }
  const isEmpty =
    document.contents === null || (isMap(document.contents) && document.contents.items.length === 0);
  // An empty map would be printed as {}.
  if (isEmpty) document.contents = null;
  return document.contents === null && !document.commentBefore && !document.comment
    ? ''
    : printDocument(document, text);
}
