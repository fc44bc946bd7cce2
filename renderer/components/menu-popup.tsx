import { Menu } from '@base-ui/react/menu';
import type { ReactNode, RefObject } from 'react';

/** Of the shell's main element. What opens within it, belongs to it: a menu at the end of the body would be in no landmark. */
export const mainId = 'main';

export interface MenuPopupProps {
  /** What it stands under. Default: its trigger. */
  readonly anchor?: RefObject<HTMLElement | null> | undefined;
  readonly className?: string;
  readonly children: ReactNode;
}

/** What a menu opens. */
export function MenuPopup({ anchor, className = 'min-w-40', children }: MenuPopupProps) {
  return (
    <Menu.Portal container={document.getElementById(mainId)}>
      <Menu.Positioner anchor={anchor} align="start" sideOffset={4} className="z-30">
        <Menu.Popup
          className={`floating max-h-(--available-height) max-w-(--available-width) overflow-y-auto py-1 ${className}`}
        >
          {children}
        </Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  );
}
