import type { MenuItemConstructorOptions } from 'electron';
import type { ConnectionFormat } from '../src/contract/connection-format.ts';
import type { SettingsChange } from '../src/contract/control-settings.ts';

/** What a click in the tray's menu asks for. */
export type TrayAction =
  | { readonly kind: 'connect'; readonly tunnel: string }
  | { readonly kind: 'resume'; readonly tunnel: string }
  | { readonly kind: 'disconnect'; readonly tunnel: string }
  | { readonly kind: 'pause'; readonly tunnel: string }
  | { readonly kind: 'prolong'; readonly tunnel: string }
  | { readonly kind: 'copy'; readonly tunnel: string; readonly format: ConnectionFormat }
  | { readonly kind: 'open-client'; readonly tunnel: string }
  /** Runs the credential plugin, which may open a browser. */
  | { readonly kind: 'log-in'; readonly question: string }
  /** The window, at this tunnel: where it is asked what it needs. */
  | { readonly kind: 'show'; readonly tunnel: string }
  | { readonly kind: 'group'; readonly name: string; readonly to: 'connect' | 'disconnect' }
  | { readonly kind: 'pause-all' }
  | { readonly kind: 'resume-all' }
  /** Before the app ends, where its user says so. */
  | { readonly kind: 'disconnect-all' }
  | { readonly kind: 'open-window' }
  | { readonly kind: 'start-daemon' }
  | { readonly kind: 'restart-daemon' }
  | { readonly kind: 'install-update' }
  | { readonly kind: 'change-settings'; readonly change: SettingsChange }
  | { readonly kind: 'quit' };

/** A menu as data. An item has an action, a submenu, or is there to be read. */
export type TrayItem =
  | { readonly kind: 'separator' }
  | { readonly kind: 'fact'; readonly label: string }
  | {
      readonly kind: 'action';
      readonly label: string;
      readonly action: TrayAction;
      readonly checked?: boolean;
    }
  | { readonly kind: 'menu'; readonly label: string; readonly items: readonly TrayItem[] };

const maxLabelLength = 90;

/** As Electron takes it. */
export function menuTemplate(
  items: readonly TrayItem[],
  perform: (action: TrayAction) => void,
): MenuItemConstructorOptions[] {
  return items.map((item) => templateItem(item, perform));
}

function templateItem(item: TrayItem, perform: (action: TrayAction) => void): MenuItemConstructorOptions {
  switch (item.kind) {
    case 'separator':
      return { type: 'separator' };
    case 'fact':
      return { label: labelOf(item.label), enabled: false };
    case 'menu':
      return { label: labelOf(item.label), submenu: menuTemplate(item.items, perform) };
    case 'action': {
      const click = () => perform(item.action);
      const label = labelOf(item.label);
      return item.checked === undefined
        ? { label, click }
        : { label, click, type: 'checkbox', checked: item.checked };
    }
  }
}

/** One line of it, whole at both ends; `&` marks a key in menus unless it stands twice. */
function labelOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const half = maxLabelLength / 2;
  const short = line.length <= maxLabelLength ? line : `${line.slice(0, half)}…${line.slice(1 - half)}`;
  return short.replaceAll('&', '&&');
}
