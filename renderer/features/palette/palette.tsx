import { Autocomplete } from '@base-ui/react/autocomplete';
import { Dialog } from '@base-ui/react/dialog';
import { Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import { StateGlyph } from '../../components/state-glyph.tsx';
import { useAppState } from '../../state/app-state.ts';
import { useCopier } from '../tunnels/connection-strings.ts';
import { type CommandGroup, type PaletteCommand, paletteCommands } from './commands.ts';

/** At most this many are offered at a time: who needs more types more. */
const offered = 60;

export interface PaletteProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** Everything by its name. */
export function Palette({ open, onOpenChange }: PaletteProps) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-scrim transition-opacity data-[ending-style]:opacity-0 data-[starting-style]:opacity-0" />
        <PalettePopup onDone={() => onOpenChange(false)} />
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PalettePopup({ onDone }: { readonly onDone: () => void }) {
  // Before its field takes the focus, which is before the dialog looks who had it.
  const [from] = useState(() => document.activeElement);
  return (
    <Dialog.Popup
      aria-label="Do anything"
      finalFocus={() => (from instanceof HTMLElement ? from : true)}
      className="floating fixed top-[12vh] outline-none left-1/2 z-40 flex max-h-[64vh] w-[560px] max-w-[calc(100vw-32px)] -translate-x-1/2 flex-col overflow-hidden"
    >
      <Commands onDone={onDone} />
    </Dialog.Popup>
  );
}

function Commands({ onDone }: { readonly onDone: () => void }) {
  const state = useAppState();
  const copier = useCopier();
  const { view } = state.view;
  // As they were when it was opened: what is about to be chosen does not move.
  // biome-ignore lint/correctness/useExhaustiveDependencies: for that reason
  const groups = useMemo(() => (view ? paletteCommands(view, { state, copier }) : []), []);
  return (
    <Autocomplete.Root
      inline
      open
      items={groups}
      limit={offered}
      autoHighlight="always"
      itemToStringValue={({ label, about }: PaletteCommand) => `${label} ${about ?? ''}`}
    >
      <div className="flex h-11 shrink-0 items-center gap-2 border-b border-line px-3">
        <Search size={15} className="text-muted" aria-hidden />
        <Autocomplete.Input
          // At once: the dialog moves the focus a moment later, and what is typed until then would be the page's.
          autoFocus
          aria-label="Search for something to do"
          placeholder="Connect, copy, restart, go to…"
          spellCheck={false}
          className="min-w-0 flex-1 bg-transparent outline-none"
        />
      </div>
      <Autocomplete.Empty className="text-muted not-empty:px-4 not-empty:py-6">
        Nothing has this name.
      </Autocomplete.Empty>
      <Autocomplete.List className="min-h-0 overflow-y-auto overscroll-contain scroll-py-1 not-empty:p-1">
        {(group: CommandGroup) => (
          <Autocomplete.Group key={group.value} items={group.items} className="mb-1 block">
            <Autocomplete.GroupLabel className="caption block px-2 py-1">
              {group.value}
            </Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(command: PaletteCommand) => (
                <Autocomplete.Item
                  key={command.id}
                  value={command}
                  onClick={() => {
                    onDone();
                    command.run();
                  }}
                  className="flex h-8 items-center gap-2 rounded-sm px-2 data-[highlighted]:bg-selected"
                >
                  <span className="flex w-3 shrink-0">
                    {command.tunnel && <StateGlyph state={command.tunnel.shown} />}
                  </span>
                  <span className="truncate">{command.label}</span>
                  <span className="ml-auto truncate pl-4 text-sm text-muted">{command.about}</span>
                </Autocomplete.Item>
              )}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  );
}
