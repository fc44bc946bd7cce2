import { Tooltip } from '@base-ui/react/tooltip';
import type { ReactElement } from 'react';
import { KeyHint } from './key-hint.tsx';

export interface HintProps {
  readonly text: string;
  readonly keys?: string | undefined;
  /** One element that takes a ref and handlers. */
  readonly children: ReactElement<Record<string, unknown>>;
}

/** A tooltip: the whole of what is cut, the name of an icon, an exact time. Never the only place of what must be known. */
export function Hint({ text, keys, children }: HintProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={4} className="z-50">
          <Tooltip.Popup className="floating flex max-w-96 items-center gap-2 px-2 py-1 text-sm wrap-anywhere">
            {text}
            {keys && <KeyHint keys={keys} />}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
