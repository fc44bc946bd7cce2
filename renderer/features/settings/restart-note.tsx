import { Check, Copy } from 'lucide-react';
import type { ShownSettings } from '../../../src/contract/control-settings.ts';
import { IconButton } from '../../components/icon-button.tsx';
import { useAppState, useCopied } from '../../state/app-state.ts';
import { afterRestartWords } from './settings-words.ts';

const command = 'sallyport daemon restart';

/** The daemon cannot end itself from its own page: what is up comes back with it, and the page does not. */
export function RestartNote({ parts }: { readonly parts: ShownSettings['afterRestart'] }) {
  const { copies } = useAppState();
  const isCopied = useCopied()?.of === command;
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-4 gap-y-1 rounded border border-l-[3px] border-l-waiting px-3 py-2"
    >
      <p className="min-w-60 flex-1 text-pretty">{afterRestartWords(parts)}</p>
      <p className="flex items-center gap-1">
        <span className="mono select-all">{command}</span>
        <IconButton
          icon={isCopied ? Check : Copy}
          label={isCopied ? 'Copied' : 'Copy the command'}
          onClick={() => void copies.copy({ of: command, what: 'command' }, command).catch(() => {})}
        />
      </p>
    </div>
  );
}
