import { Menu } from '@base-ui/react/menu';
import { Check, ChevronDown, Copy } from 'lucide-react';
import { useRef, useState } from 'react';
import {
  type ConnectionFormat,
  formatsByKind,
  formatTitle,
  formatUse,
} from '../../../src/contract/connection-format.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { classNames } from '../../components/class-names.ts';
import { MenuPopup } from '../../components/menu-popup.tsx';
import { useCopied, useFavourite } from '../../state/app-state.ts';
import { useCopier, useStrings } from './connection-strings.ts';

export interface CopyButtonProps {
  readonly tunnel: TunnelEntity;
  /** Whether it is what is done next; only one button of a panel is. */
  readonly isMain: boolean;
}

/** A split button: its face copies the favourite format, its menu has all of them with what each would give. */
export function CopyButton({ tunnel, isMain }: CopyButtonProps) {
  const copier = useCopier();
  const copied = useCopied();
  const favourite = useFavourite(tunnel.kind);
  const isCopied = copied?.of === tunnel.id && copied.what in formatTitle;
  const shown = isCopied ? (copied.what as ConnectionFormat) : favourite;
  const whole = useRef<HTMLDivElement>(null);
  const half = classNames(
    'flex h-7 items-center border transition-colors',
    isMain
      ? 'border-accent bg-accent text-on-accent hover:bg-accent-strong'
      : 'border-line bg-surface hover:bg-hover',
  );
  return (
    <div ref={whole} className="flex min-w-0">
      <button
        type="button"
        onClick={() => void copier.copy(tunnel)}
        className={classNames(half, 'min-w-[132px] gap-1.5 rounded-l px-2.5 font-medium whitespace-nowrap')}
      >
        {isCopied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
        <span aria-live="polite">{`${isCopied ? 'Copied' : 'Copy'} ${formatTitle[shown]}`}</span>
      </button>
      <Menu.Root>
        <Menu.Trigger
          aria-label="All formats"
          className={classNames(half, 'rounded-r px-1', isMain ? 'border-l-on-accent/30' : 'border-l-0')}
        >
          <ChevronDown size={14} aria-hidden />
        </Menu.Trigger>
        <MenuPopup anchor={whole} className="w-[352px]">
          <Formats tunnel={tunnel} onCopy={(format) => void copier.copy(tunnel, format)} />
        </MenuPopup>
      </Menu.Root>
    </div>
  );
}

interface FormatsProps {
  readonly tunnel: TunnelEntity;
  readonly onCopy: (format: ConnectionFormat) => void;
}

function Formats({ tunnel, onCopy }: FormatsProps) {
  const favourite = useFavourite(tunnel.kind);
  const { data: strings } = useStrings(tunnel);
  const [looked, setLooked] = useState<ConnectionFormat>(favourite);
  const preview = strings?.find(({ format }) => format === looked);
  return (
    <>
      {formatsByKind[tunnel.kind].map((format) => (
        <Menu.Item
          key={format}
          onClick={() => onCopy(format)}
          onFocus={() => setLooked(format)}
          onMouseEnter={() => setLooked(format)}
          className="mx-1 flex h-7 items-center gap-2 rounded-sm px-2 data-[highlighted]:bg-selected"
        >
          <span className="flex-1">{formatTitle[format]}</span>
          {format === favourite && <span className="text-sm text-muted">favourite</span>}
        </Menu.Item>
      ))}
      <div className="mt-1 border-t border-line px-3 pt-2 pb-1">
        <p className="mono line-clamp-4 min-h-8 wrap-anywhere whitespace-pre-wrap">
          {preview?.written?.text ?? (preview?.error ? errorText(preview.error).headline : '…')}
        </p>
        {formatUse[looked] && <p className="mt-1 text-sm text-muted">{formatUse[looked]}</p>}
        {preview?.written?.warnings.map(({ code, message }) => (
          <p key={code} className="mt-1 text-sm text-waiting">
            {message}
          </p>
        ))}
      </div>
    </>
  );
}
