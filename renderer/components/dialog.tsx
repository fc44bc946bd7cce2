import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';

export interface DialogProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly description?: ReactNode;
  readonly children: ReactNode;
}

/** A question that the rest of the window waits for. Escape and a click beside it close it. */
export function Dialog({ open, onOpenChange, title, description, children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-scrim transition-opacity data-[ending-style]:opacity-0 data-[starting-style]:opacity-0" />
        <Base.Popup className="floating fixed top-[16vh] outline-none left-1/2 z-40 flex max-h-[72vh] w-[440px] max-w-[calc(100vw-32px)] -translate-x-1/2 flex-col gap-3 overflow-y-auto p-5">
          <div className="flex flex-col gap-1">
            <Base.Title className="text-lg font-semibold">{title}</Base.Title>
            {description && <Base.Description render={<div />}>{description}</Base.Description>}
          </div>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** The buttons at the end of a dialog, the one that is meant last. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className="flex justify-end gap-2 pt-1">{children}</div>;
}
