import { Tooltip } from '@base-ui/react/tooltip';
import type { ReactElement } from 'react';
import { KeyHint } from './key-hint.tsx';

interface HintContent {
  readonly text: string;
  readonly keys?: string | undefined;
}

export interface HintProps extends HintContent {
  /** One element that takes a ref and handlers. */
  readonly children: ReactElement<Record<string, unknown>>;
}

const shown = Tooltip.createHandle<HintContent>();

/** A tooltip: the whole of what is cut, the name of an icon, an exact time. Never the only place of what must be known. */
export function Hint({ text, keys, children }: HintProps) {
  return <Tooltip.Trigger handle={shown} payload={{ text, keys }} render={children} />;
}

/** The one that is open. There is one for the whole window: a list has hints by the hundred, and one of its own for each made scrolling dear. */
export function OpenHint() {
  return (
    <Tooltip.Root handle={shown}>
      {({ payload }) => (
        <Tooltip.Portal>
          <Tooltip.Positioner sideOffset={4} className="z-50">
            <Tooltip.Popup className="floating flex max-w-96 items-center gap-2 px-2 py-1 text-sm wrap-anywhere">
              {payload?.text}
              {payload?.keys && <KeyHint keys={payload.keys} />}
            </Tooltip.Popup>
          </Tooltip.Positioner>
        </Tooltip.Portal>
      )}
    </Tooltip.Root>
  );
}
