const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '');

/** A key as it is written on the keyboard of this machine; `Mod` is the command key of a Mac, Ctrl elsewhere. */
export function KeyHint({ keys }: { readonly keys: string }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 shrink-0 items-center justify-center rounded-sm border border-line bg-ground px-1 font-sans text-xs whitespace-nowrap text-muted">
      {keys.replace('Mod+', isMac ? '⌘' : 'Ctrl ')}
    </kbd>
  );
}
